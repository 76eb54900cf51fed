import type { IDataObject, INode, JsonObject } from './workflow';

/** The errors of n8n-workflow 2.41, as far as they change what a node says. */

/** A message that holds one of these words, or a code that is one, is replaced by n8n's own. */
const TAKEN_OVER = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'ERRADDRINUSE', 'EADDRNOTAVAIL', 'ECONNABORTED'],
  ...['EHOSTUNREACH', 'EAI_AGAIN', 'ENOENT', 'EISDIR', 'ENOTDIR', 'EACCES', 'EEXIST', 'EPERM', 'GETADDRINFO'],
];

export interface NodeErrorOptions {
  readonly message?: string;
  readonly description?: string;
  readonly httpCode?: string;
  readonly itemIndex?: number;
}

abstract class NodeError extends Error {
  description: string | null | undefined;
  context: IDataObject = {};
  messages: string[] = [];

  protected constructor(
    readonly node: INode,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = new.target.name;
  }

  protected settle(code: unknown, itemIndex: number | undefined): void {
    if (this.message === this.description) this.description = undefined;
    const upper = this.message.toUpperCase();
    if (TAKEN_OVER.some((word) => word === code || upper.includes(word))) {
      this.messages.push(this.message);
      this.message = "n8n's own words";
    }
    if (itemIndex !== undefined) this.context.itemIndex = itemIndex;
  }
}

export class NodeApiError extends NodeError {
  httpCode: string | null = null;
  readonly errorResponse: unknown;

  constructor(node: INode, response: JsonObject | Error, options: NodeErrorOptions = {}) {
    if (response instanceof NodeApiError) {
      super(node, '');
      // biome-ignore lint/correctness/noConstructorReturn: n8n hands the original back, too.
      return response;
    }
    const error = response as { message?: string; description?: string; code?: unknown; status?: unknown };
    super(node, options.message ?? error.message ?? '', response instanceof Error ? response : undefined);
    this.errorResponse = response instanceof Error ? undefined : response;
    const found = options.httpCode ?? error.status ?? error.code;
    this.httpCode = found === undefined ? null : String(found);
    this.description = options.description ?? error.description;
    if (options.message === undefined && this.httpCode) this.message = `n8n's words for ${this.httpCode}`;
    this.settle(this.httpCode, options.itemIndex);
  }
}

export class NodeOperationError extends NodeError {
  constructor(node: INode, error: Error | string, options: NodeErrorOptions = {}) {
    if (error instanceof NodeOperationError) {
      super(node, '');
      // biome-ignore lint/correctness/noConstructorReturn: n8n hands the original back, too.
      return error;
    }
    super(node, options.message ?? (typeof error === 'string' ? error : error.message), error);
    this.description = options.description ?? (error instanceof NodeError ? error.description : undefined);
    this.settle(undefined, options.itemIndex);
  }
}
