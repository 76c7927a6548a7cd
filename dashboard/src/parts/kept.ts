/** What this browser remembers. Where storage is switched off nothing is remembered, and nothing fails. */
export function kept(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // switched off, or full: the choice holds until the page is left
  }
}

/** A form that is not sent yet, of one tab: it outlives a sign-in that ends. */
export function draft(name: string): string | null {
  try {
    return sessionStorage.getItem(`rtb-hub-draft-${name}`);
  } catch {
    return null;
  }
}

export function keepDraft(name: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(`rtb-hub-draft-${name}`);
    else sessionStorage.setItem(`rtb-hub-draft-${name}`, value);
  } catch {
    // as above
  }
}
