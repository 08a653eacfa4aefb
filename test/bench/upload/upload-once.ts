import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../../../lib/client/api/http.ts';
import { uploadParts } from '../../../lib/client/publish/upload-parts.ts';
import { partSize, partsOf } from './parts-of-file.ts';
import { plainUpload } from './plain-upload.ts';

// `node upload-once.ts ours|plain FILE ORIGIN` prints the seconds that it takes once everything is loaded.
const [kind, path = '', origin = ''] = process.argv.slice(2);
const parts = partsOf(statSync(path).size, origin);
const again = async (): Promise<undefined> => {
  throw new Error('a part did not arrive');
};
const begun = process.hrtime.bigint();
if (kind === 'plain') await plainUpload(path, parts);
else await uploadParts({ path, partSize, send, sleep, signAgain: again, onPart: () => {} }, parts);
process.stdout.write(String(Number(process.hrtime.bigint() - begun) / 1e9));
