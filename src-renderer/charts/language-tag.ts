// uPlot makes a number format of `navigator.language` while it loads, and Chromium under the POSIX locale calls
// its language "en-US@posix", which no format takes. Import this before uPlot: a tag that is none becomes "en-US".

try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}
