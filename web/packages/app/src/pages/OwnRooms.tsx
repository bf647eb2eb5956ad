/** My own rooms, to go back to one by a press. Not there at all where the node lists none. */

import type { ReactElement } from "react";
import { useCallback, useEffect, useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useWorld } from "../context.ts";
import type { OwnRoom } from "../state/api.ts";
import { Button } from "../ui/controls.tsx";
import { Icon } from "../ui/icons.tsx";

export function OwnRooms({ session }: { session: string | null }): ReactElement | null {
  const { t } = useTranslation();
  const { model, navigate } = useWorld();
  const [rooms, setRooms] = useState<readonly OwnRoom[]>([]);
  const [after, setAfter] = useState<string | null>(null);
  const load = useCallback(
    async (from: string | null): Promise<void> => {
      const found = await model.api.ownRooms(session, from).catch(() => null);
      if (!found) return;
      setRooms((known) => (from === null ? found.rooms : [...known, ...found.rooms]));
      setAfter(found.after);
    },
    [model, session],
  );
  useEffect(() => void load(null), [load]);
  if (rooms.length === 0) return null;
  return (
    <section className="card" aria-labelledby="own-rooms">
      <h2 id="own-rooms">{t("start.own_rooms")}</h2>
      <ul className="own-rooms">
        {rooms.map((room) => (
          <li key={room.slug}>
            <AriaButton className="own-room" onPress={() => navigate(room.path)}>
              <span dir="auto">{room.title}</span>
              <Icon name="arrow" size={18} />
            </AriaButton>
          </li>
        ))}
      </ul>
      {after !== null ? <Button onPress={() => void load(after)}>{t("start.more_rooms")}</Button> : null}
    </section>
  );
}
