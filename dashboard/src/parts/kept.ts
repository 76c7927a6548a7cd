type Where = () => Storage;
// Naming a storage that is switched off throws as well as using it does.
const ofBrowser: Where = () => localStorage;
const ofTab: Where = () => sessionStorage;
const DRAFT = "rtb-hub-draft-";

function read(where: Where, name: string): string | null {
  try {
    return where().getItem(name);
  } catch {
    return null;
  }
}

function write(where: Where, name: string, value: string | null): void {
  try {
    if (value === null) where().removeItem(name);
    else where().setItem(name, value);
  } catch {
    // switched off, or full: the choice holds until the page is left
  }
}

/** What this browser remembers. Where storage is switched off nothing is remembered, and nothing fails. */
export const kept = (name: string): string | null => read(ofBrowser, name);
export const keep = (name: string, value: string | null): void => write(ofBrowser, name, value);

/** A form that is not sent yet, of one tab: it outlives a sign-in that ends. */
export const draft = (name: string): string | null => read(ofTab, DRAFT + name);
export const keepDraft = (name: string, value: string | null): void => write(ofTab, DRAFT + name, value);
