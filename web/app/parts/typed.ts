'use client';
import { useEffect, useRef, useState } from 'react';

const settle = 250; // typing is told once it rests

/* A text field whose value lives elsewhere (in the address) and comes back late: what is typed meanwhile is never lost. */
export function useTyped(value: string, send: (v: string) => void): [string, (v: string) => void] {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const tell = useRef(send);
  tell.current = send;
  useEffect(() => {
    if (value !== sent.current) setText((sent.current = value));
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => tell.current((sent.current = text)), settle);
    return () => clearTimeout(timer);
  }, [text]);
  return [text, setText];
}
