/**
 * The one place where connections are opened: one per request in flight, opened before the load begins, so that no
 * request has to wait for one. Invariant: a connection goes to the origin it was made for; nothing is followed
 * elsewhere.
 */
import type { Socket } from 'node:net';
import type { buildConnector, Client } from 'undici';
import { directReads } from './direct-reads.ts';
import { undici } from './undici.ts';

type Connector = buildConnector.connector;

export interface ConnectionOptions {
  /** Certificates to trust besides the usual ones, PEM. */
  readonly ca?: string | undefined;
  /** How long opening one may take. */
  readonly timeoutMs: number;
}

/** How long an idle connection is kept, where the server does not say. */
const keepAliveMs = 30_000;

export class Connections {
  readonly #origin: string;
  readonly #connector: Connector;
  readonly #idle: Client[] = [];
  readonly #clients = new Set<Client>();
  /** Sockets opened ahead, taken by the first client that wants to connect. */
  readonly #warm: Socket[] = [];

  constructor(origin: string, { ca, timeoutMs }: ConnectionOptions) {
    this.#origin = origin;
    this.#connector = undici().buildConnector({
      timeout: timeoutMs,
      ...(ca === undefined ? {} : { ca }),
      ...(origin.startsWith('http:') ? { onread: directReads } : {}),
    });
  }

  /** Opens connections until `count` are open or ready. Rejects with what the first one failed with. */
  async open(count: number): Promise<void> {
    const lacking = count - this.#clients.size - this.#warm.length;
    await Promise.all(Array.from({ length: Math.max(0, lacking) }, async () => this.#warm.push(await this.#connect())));
    while (this.#clients.size < count) this.release(this.#newClient());
  }

  /** A connection nobody else uses, new if none is free. */
  acquire(): Client {
    return this.#idle.pop() ?? this.#newClient();
  }

  /** Gives a connection back. */
  release(client: Client): void {
    if (this.#clients.has(client)) this.#idle.push(client);
  }

  /** Gives up a connection whose state is unknown. */
  discard(client: Client): void {
    this.#clients.delete(client);
    const place = this.#idle.indexOf(client);
    if (place !== -1) this.#idle.splice(place, 1);
    client.destroy().catch(() => {});
  }

  async close(): Promise<void> {
    for (const socket of this.#warm.splice(0)) socket.destroy();
    await Promise.all([...this.#clients].map(client => client.destroy()));
  }

  #newClient(): Client {
    const client = new (undici().Client)(this.#origin, {
      connect: (options, callback) => this.#connectWarm(options, callback),
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      // undici's own timeouts are coarse and the body's is idle time only: the limit of a request is the driver's.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#clients.add(client);
    return client;
  }

  #connectWarm(options: buildConnector.Options, callback: buildConnector.Callback): void {
    for (let socket = this.#warm.pop(); socket !== undefined; socket = this.#warm.pop()) {
      socket.removeAllListeners('error');
      if (!socket.destroyed && socket.readyState === 'open') {
        const opened = socket;
        queueMicrotask(() => callback(null, opened)); // undici does not expect it before the call returns
        return;
      }
    }
    this.#connector(options, callback);
  }

  #connect(): Promise<Socket> {
    const { protocol, hostname, host, port } = new URL(this.#origin);
    return new Promise((resolve, reject) => {
      this.#connector({ protocol, hostname: hostname.replace(/^\[|\]$/g, ''), host, port }, (error, socket) => {
        if (error !== null) return reject(error);
        socket.on('error', () => {}); // one that breaks while it waits is passed over when it is wanted
        resolve(socket);
      });
    });
  }
}
