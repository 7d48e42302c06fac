// Addresses of pictures: by id, and by nothing that could name a file. Which file that is, and whether it
// may be shown, is the core's to say.

export type MediaKind = 'image' | 'thumbnail';

interface MediaRoute {
  kind: MediaKind;
  id: number;
}

/**
 * Nothing but this one form is understood: no further path, no other query. The page adds the project to
 * tell the pictures of two projects apart in its own memory; to the core it says nothing.
 * @param prefix   where pictures begin, as app.info tells the page: `/media`, or `media:/` in Electron
 * @param address  `${prefix}/image/12`, `${prefix}/thumbnail/12?project=1a2b`
 */
export function mediaRoute(prefix: string, address: string): MediaRoute | null {
  if (!address.startsWith(prefix)) return null;
  const match = /^\/(image|thumbnail)\/([1-9]\d{0,14})(?:\?project=[\w-]{0,64})?$/.exec(
    address.slice(prefix.length),
  );
  return match === null ? null : { kind: match[1] as MediaKind, id: Number(match[2]) };
}
