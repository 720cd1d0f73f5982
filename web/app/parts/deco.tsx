// The many-necked line drawing: for sign-in only.
const necks = Array.from({ length: 15 }, (_, i) => {
  const side = i - 7;
  const x = 720 + side * 98;
  const reach = Math.abs(side) / 7;
  const y = Math.round(150 + 465 * reach ** 2.6);
  const bend = `M720 980C720 ${700 - Math.abs(side) * 8} ${720 + side * 35} 640 ${x} ${y}`;
  return { bend, x, y, angle: side * 13 };
});

export function Deco() {
  return (
    <svg viewBox="0 0 1440 900" preserveAspectRatio="xMidYMax slice" aria-hidden className="deco">
      {necks.map((n) => (
        <g key={n.x}>
          <path d={n.bend} />
          <path className="deco-head" d={`M${n.x} ${n.y - 17}l9 14-9 14-9-14z`} transform={`rotate(${n.angle} ${n.x} ${n.y})`} />
        </g>
      ))}
    </svg>
  );
}
