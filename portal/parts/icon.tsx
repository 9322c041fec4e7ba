/** Line drawings of 24 by 24. They repeat what stands beside them, so readers of the screen are not told of them. */
const PATHS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  warning: "M12 4 2.5 20h19L12 4zm0 6v4.5m0 2.7v.1",
  cross: "M6 6l12 12M18 6 6 18",
  question: "M9 9a3 3 0 1 1 4.4 2.6c-1 .6-1.4 1.1-1.4 2.4m0 3v.1",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-10v5m0-8.5v.1",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  eraser: "M4 20h16M6.5 16.5 15 8l4 4-6.5 6.5H8z",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.3a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4z",
  act: "M5 12h13m-5-5 5 5-5 5",
  consent: "M5 4h10l4 4v12H5zM8.5 13l2.5 2.5 4.5-5",
  people:
    "M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11zm-6 9c0-3.5 2.5-6 6-6s6 2.5 6 6m1-9.3a2.8 2.8 0 1 0-1-5.4m2 8.9c2.4.5 4 2.7 4 5.8",
  complaint: "M4 5h16v11H10l-4 4v-4H4zM12 8v4m0 2v.1",
  inspect: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 21 21",
  inbox: "M4 5h16v14H4zm0 9h5l1 2h4l1-2h5",
  download: "M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 20h14",
  print: "M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z",
  offline: "M3 3l18 18M5 12.5a10 10 0 0 1 4-2.4m5.5-.2A10 10 0 0 1 19 12.5M8.5 16a5 5 0 0 1 7 0M12 20v.1",
  chevron: "M8 10l4 4 4-4",
  menu: "M4 7h16M4 12h16M4 17h16",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-14v5l3.5 2",
  shield: "M12 3l7.5 3v5.5c0 4.5-3 8-7.5 9.5-4.5-1.5-7.5-5-7.5-9.5V6zM8.5 12l2.5 2.5 4.5-5",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1m2 3.7a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
