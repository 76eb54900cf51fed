const NEWLINE = 0x0a;
const RETURN = 0x0d;
const MARK = Buffer.from('\ufeff');

/** What is longer is no row. Bytes. */
export const LONGEST_LINE = 16 * 1024;

export interface LineSink {
  /** The bytes from `from` up to `to` are one line, without what ends it. They are valid during the call alone. */
  line(bytes: Buffer, from: number, to: number, number: number): void;
  tooLong(number: number): void;
}

/** Lines of a stream, wherever its chunks end. Keeps at most one line. */
export class Lines {
  private rest: Buffer = Buffer.alloc(0);
  private isTooLong = false;
  private number = 0;

  constructor(private readonly sink: LineSink) {}

  push(chunk: Buffer): void {
    let from = 0;
    let end = chunk.indexOf(NEWLINE);
    if (end !== -1 && (this.rest.length > 0 || this.isTooLong)) {
      this.keep(chunk.subarray(0, end));
      this.emitRest();
      from = end + 1;
      end = chunk.indexOf(NEWLINE, from);
    }
    while (end !== -1) {
      this.emit(chunk, from, end);
      from = end + 1;
      end = chunk.indexOf(NEWLINE, from);
    }
    if (from < chunk.length) this.keep(chunk.subarray(from));
  }

  /** The last line may lack its end. */
  end(): void {
    if (this.rest.length > 0 || this.isTooLong) this.emitRest();
  }

  private keep(bytes: Buffer): void {
    if (this.rest.length + bytes.length > LONGEST_LINE) this.isTooLong = true;
    this.rest = this.isTooLong ? Buffer.alloc(0) : Buffer.concat([this.rest, bytes]);
  }

  private emitRest(): void {
    const { rest, isTooLong } = this;
    this.rest = Buffer.alloc(0);
    this.isTooLong = false;
    this.emit(rest, 0, rest.length, isTooLong);
  }

  private emit(bytes: Buffer, start: number, end: number, isTooLong = end - start > LONGEST_LINE): void {
    this.number += 1;
    const from =
      this.number === 1 && bytes.subarray(start, start + MARK.length).equals(MARK) ? start + MARK.length : start;
    const to = end > from && bytes[end - 1] === RETURN ? end - 1 : end;
    if (isTooLong) this.sink.tooLong(this.number);
    else this.sink.line(bytes, from, to, this.number);
  }
}
