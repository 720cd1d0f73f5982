import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { NextConfig } from 'next';

// Tabs of two builds must not share a worker: its name carries the contents of stream/ and api/.
function streamVersion(): string {
  const hash = createHash('sha256');
  for (const folder of ['stream', 'api', 'lib'])
    for (const file of readdirSync(folder).sort().filter((f) => f.endsWith('.ts'))) hash.update(readFileSync(`${folder}/${file}`));
  return hash.digest('hex').slice(0, 8);
}

const config: NextConfig = {
  output: 'export',
  reactStrictMode: true,
  generateBuildId: () => 'hydra', // builds repeat: file names come from contents alone
  env: { NEXT_PUBLIC_STREAM: streamVersion() },
  images: { unoptimized: true },
  typescript: { ignoreBuildErrors: true }, // `npm run check` type-checks; once is enough
  devIndicators: false,
  experimental: {
    useOffline: true, // a page that can't be fetched waits for the connection, in the frame, and not in the browser's own error page
    staleTimes: { static: 86_400 }, // pages hold no data: one that was fetched ahead stays good, also while the hub is gone
    // Requests cost more than bytes here: the page comes from the same house, over HTTP/1.1.
    turbopackChunking: {
      firstPageLoadPriority: 1,
      requestCost: 200_000,
      minChunkSize: 200_000,
      maxChunkCountPerGroup: 3,
      maxMergeChunkSize: 800_000,
      priorityRoutes: [/.*/],
      priorityBoost: 10,
    },
  },
  turbopack: {
    root: import.meta.dirname,
    // Radix's scroll lock writes a <style>, which the policy refuses: ours uses a constructed sheet.
    resolveAlias: { 'react-style-singleton': './lib/sheet.ts' },
  },
};

export default config;
