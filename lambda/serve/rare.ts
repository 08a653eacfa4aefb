/**
 * What few requests need, loaded on first use. It is one file of the bundle: with several, the bundler would cut what they share
 * with the rest into more files, and each of those makes every cold start slower.
 */
export { answerDocument, answerIndex, keepChannelFacts, showProblem } from './documents/answer-documents.ts';
export { refusedResumption } from './resume.ts';
export { retiredProblem } from './retired.ts';
