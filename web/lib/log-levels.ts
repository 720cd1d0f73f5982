// Levels of lines: syslog's eight, drawn as four.
export type Level = 'emerg' | 'alert' | 'crit' | 'err' | 'warning' | 'notice' | 'info' | 'debug';
export type Weight = 'error' | 'warn' | 'info' | 'debug' | 'none';

interface LevelLook {
  word: string;
  weight: Weight;
}

const looks: Record<Level, LevelLook> = {
  emerg: { word: 'EMERG', weight: 'error' },
  alert: { word: 'ALERT', weight: 'error' },
  crit: { word: 'CRIT', weight: 'error' },
  err: { word: 'ERROR', weight: 'error' },
  warning: { word: 'WARN', weight: 'warn' },
  notice: { word: 'NOTE', weight: 'info' },
  info: { word: 'INFO', weight: 'info' },
  debug: { word: 'DEBUG', weight: 'debug' },
};

const nothing: LevelLook = { word: '', weight: 'none' };

export const levelLook = (level: string | null): LevelLook => (level && Object.hasOwn(looks, level) ? looks[level as Level] : nothing);

/* What the filter offers: that level or worse. */
export const levelChoices = ['', 'info', 'warning', 'err'] as const;
export type LevelChoice = (typeof levelChoices)[number];

export interface LevelCounts {
  all: number;
  info: number; // or worse
  warn: number;
  error: number;
}

const heights: Record<Weight, number> = { debug: 0, none: 0, info: 1, warn: 2, error: 3 };

export function countLevels(levels: Iterable<string | null>): LevelCounts {
  const counts: LevelCounts = { all: 0, info: 0, warn: 0, error: 0 };
  for (const l of levels) {
    const h = heights[levelLook(l).weight];
    counts.all++;
    if (h >= 1) counts.info++;
    if (h >= 2) counts.warn++;
    if (h >= 3) counts.error++;
  }
  return counts;
}
