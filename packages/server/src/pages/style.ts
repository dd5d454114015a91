// The look of the pages: one style sheet without a framework, for light and dark, 320 px to wide, and forced colours.
// Which class stands where is in page.ts and the pages themselves.

export const styleSheet = `:root { color-scheme: light dark; }
`
