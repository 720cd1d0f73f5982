// Stands in for react-style-singleton, whose <style> element the security policy refuses: a constructed sheet is allowed.
import { useLayoutEffect } from 'react';

function adopt(styles: string): () => void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  document.adoptedStyleSheets.push(sheet);
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== sheet);
  };
}

export const styleHookSingleton = () => (styles: string) => {
  useLayoutEffect(() => adopt(styles), [styles]);
};

export const styleSingleton = () => {
  const useStyle = styleHookSingleton();
  return function Sheet({ styles }: { styles: string; dynamic?: boolean }) {
    useStyle(styles);
    return null;
  };
};
