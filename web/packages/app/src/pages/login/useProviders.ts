/** The logins that this node offers, asked for once a page. */

import { useEffect, useState } from "react";
import { useWorld } from "../../context.ts";
import { type Provider, providers } from "../../state/login.ts";

/** Null until the answer is there; none when there is no answer, since an address may still lead somewhere. */
export function useProviders(): readonly Provider[] | null {
  const { model } = useWorld();
  const [found, setFound] = useState<readonly Provider[] | null>(null);
  useEffect(() => {
    let gone = false;
    void providers(model.api)
      .catch(() => [])
      .then((all) => {
        if (!gone) setFound(all);
      });
    return () => {
      gone = true;
    };
  }, [model]);
  return found;
}
