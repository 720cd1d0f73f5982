'use client';
import { useEffect, useRef } from 'react';

const delay = 450;

function place(tip: HTMLElement, target: Element): void {
  const r = target.getBoundingClientRect();
  const t = tip.getBoundingClientRect();
  const below = r.bottom + 6 + t.height < innerHeight;
  tip.style.top = `${below ? r.bottom + 6 : r.top - t.height - 6}px`;
  tip.style.left = `${Math.min(innerWidth - t.width - 8, Math.max(8, r.left + r.width / 2 - t.width / 2))}px`;
}

/* One tooltip for everything that has data-tip. It repeats what aria-label says, so it is hidden from screen readers. */
export function Tooltips() {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hide = () => {
      clearTimeout(timer);
      ref.current?.hidePopover();
    };
    const show = (target: Element) => {
      const tip = ref.current;
      const text = target.getAttribute('data-tip');
      if (!tip || !text || !target.isConnected) return;
      tip.textContent = text;
      tip.showPopover();
      place(tip, target);
    };
    const over = (e: Event) => {
      const target = e.target instanceof Element ? e.target.closest('[data-tip]') : null;
      hide();
      if (!target || (e.type === 'focusin' && !target.matches(':focus-visible'))) return;
      timer = setTimeout(() => show(target), delay);
    };
    const away = ['pointerdown', 'keydown', 'scroll', 'focusout'] as const;
    document.addEventListener('pointerover', over);
    document.addEventListener('focusin', over);
    away.forEach((n) => document.addEventListener(n, hide, { capture: true, passive: true }));
    return () => {
      hide();
      document.removeEventListener('pointerover', over);
      document.removeEventListener('focusin', over);
      away.forEach((n) => document.removeEventListener(n, hide, { capture: true }));
    };
  }, []);
  return <div ref={ref} popover="manual" className="tip" aria-hidden />;
}
