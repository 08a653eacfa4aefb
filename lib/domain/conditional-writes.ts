/** `required`: the store must honour conditional writes. `serialised`: it does not, and a single writer compares for it. */
export type ConditionalWrites = 'required' | 'serialised';

export const conditionalWrites = ['required', 'serialised'] as const satisfies readonly ConditionalWrites[];
