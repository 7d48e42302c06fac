// Parts of a path from a source's root, with slashes.

export const baseName = (file: string) => file.slice(file.lastIndexOf('/') + 1);
export const folderOf = (file: string) => file.slice(0, Math.max(0, file.lastIndexOf('/')));
export const stemOf = (file: string) => baseName(file).replace(/\.[^.]*$/, '');
