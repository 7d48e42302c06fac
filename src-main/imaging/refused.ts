// A picture that is not decoded, for a reason that is in our own words already.

export class Refused extends Error {}
