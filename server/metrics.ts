import { statfs } from "node:fs/promises";
import { collectDefaultMetrics, Gauge, Histogram, type Registry } from "prom-client";
import type { Route } from "./route.ts";

/** What answering requests tells about itself; submissions are counted by receive/. */
export interface HttpMetrics {
  answered: (route: string, status: number, seconds: number) => void;
}

/** Counts requests by route and status, never by path: a path may name an event. */
export function httpMetrics(registry: Registry): HttpMetrics {
  const seconds = new Histogram({
    name: "minhbach_http_seconds",
    help: "Time to answer a request.",
    labelNames: ["route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
    registers: [registry],
  });
  return { answered: (route, status, time) => seconds.observe({ route, status }, time) };
}

/** Memory, event loop and garbage collection of the process, how much room its data have, and how long the log is. */
export function processMetrics(registry: Registry, dataDir: string, publishedSize: () => number): void {
  collectDefaultMetrics({ register: registry });
  const size = new Gauge({
    name: "minhbach_disk_size_bytes",
    help: "Size of the file system that DATA_DIR is on.",
    registers: [registry],
  });
  new Gauge({
    name: "minhbach_disk_free_bytes",
    help: "What may still be written to the file system that DATA_DIR is on.",
    registers: [registry],
    async collect() {
      const { bavail, blocks, bsize } = await statfs(dataDir);
      size.set(blocks * bsize);
      this.set(bavail * bsize);
    },
  });
  new Gauge({
    name: "minhbach_published_events",
    help: "Events under the newest checkpoint.",
    registers: [registry],
    collect() {
      this.set(publishedSize());
    },
  });
}

/** `GET /metrics` for Prometheus. */
export function metricsRoutes(registry: Registry): Route[] {
  return [
    {
      name: "getMetrics",
      method: "get",
      path: "/metrics",
      handle: async () => ({ type: registry.contentType, body: await registry.metrics() }),
    },
  ];
}
