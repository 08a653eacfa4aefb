/** The part of WebAssembly's JavaScript interface that is used here; TypeScript has it only together with the DOM. */
declare namespace WebAssembly {
  interface Module {
    readonly __module: never;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  const Instance: new (module: Module, imports: object) => { readonly exports: object };
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
