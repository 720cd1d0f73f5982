// "Chromium on Linux" from a user agent: enough to know one's own browser.
const browsers: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\bHeadlessChrome\//, 'Chromium without a window'],
  [/\b(?:Chrome|CriOS)\//, 'Chromium'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
  [/^hydra\b/i, 'hydra'],
];
const systems: [RegExp, string][] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

export function agentName(agent: string): string {
  const find = (list: [RegExp, string][]) => list.find(([r]) => r.test(agent))?.[1];
  const [browser, system] = [find(browsers), find(systems)];
  if (!browser) return agent.slice(0, 60) || 'Unknown client';
  return system ? `${browser} on ${system}` : browser;
}
