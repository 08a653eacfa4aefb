import type { Send } from '../../lib/client/api/http.ts';
import type { ServeRig } from './serve-rig.ts';

interface ReaderSend {
  readonly send: Send;
  /** Method, path and query of each request, and what it was authorized by. */
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[];
}

/** What a reader's command talks to, without sockets: the serve function at https://channels.test. */
export function readerSend({ get }: Pick<ServeRig, 'get'>): ReaderSend {
  const requests: ReaderSend['requests'] = [];
  return {
    requests,
    send: async ({ method, url, headers }) => {
      const path = decodeURIComponent(url.pathname) + url.search;
      requests.push({ path, authorization: headers.authorization });
      return get(path, headers, method);
    },
  };
}
