/** The pictures: a grid that fills the stage, or one large picture with people beside it. */

import type { CSSProperties, ReactElement, RefCallback } from "react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Devices } from "../state/devices.ts";
import { GAP, isWide } from "../state/layout.ts";
import { alone } from "../state/people.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import type { Stage as Arranged, Choice, Plan, StageTile } from "../state/stage.ts";
import { InviteLink } from "./InviteLink.tsx";
import { Pager } from "./Pager.tsx";
import { ScreenTile } from "./ScreenTile.tsx";
import { TileView } from "./TileView.tsx";
import { useBox, useStage, useView } from "./useStage.ts";

export interface StageProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly devices: Devices;
  readonly choice: Choice;
  readonly onPin: (key: string) => void;
  /** Lets the large picture fill the screen, or no longer; null where there is no full screen. */
  readonly onFill: (() => void) | null;
  readonly onPage: (page: number) => void;
  /** How many pages there are. */
  readonly onLaidOut: (pages: number) => void;
}

export function Stage({ meeting, snapshot, choice, onLaidOut, ...rest }: StageProps): ReactElement {
  const [area, setArea] = useState<HTMLDivElement | null>(null);
  const box = useBox(area);
  const { stage, division } = useStage(snapshot, choice, box);
  useView(meeting, stage, division, box);
  useEffect(() => onLaidOut(stage.pages), [stage.pages, onLaidOut]);
  const { state } = snapshot;
  if (state === "connecting" || state === "waiting" || state === "lobby") return <Waiting state={state} area={setArea} />;

  const solitary = alone(snapshot.people);
  const shape = stage.main ? `stage-large ${isWide(box) ? "stage-wide" : "stage-tall"}` : solitary ? "stage-with-invite" : "";
  return (
    <div ref={setArea} className={`stage ${shape}${stage.filled ? " stage-filled" : ""}`} style={sizes(division)}>
      <Pictures {...rest} snapshot={snapshot} choice={choice} stage={stage} height={division.page.tile.height} />
      {solitary ? <Alone open={snapshot.rules?.access === "public"} /> : null}
    </div>
  );
}

function sizes({ page: { columns, tile } }: Plan): CSSProperties {
  return {
    "--columns": columns,
    "--tile-width": `${tile.width}px`,
    "--tile-height": `${tile.height}px`,
    "--gap": `${GAP}px`,
  } as CSSProperties;
}

interface PicturesProps extends Pick<StageProps, "snapshot" | "devices" | "choice" | "onPin" | "onFill" | "onPage"> {
  readonly stage: Arranged;
  /** Of a small tile, in pixels. */
  readonly height: number;
}

/** The large picture, if there is one, and the page of equal ones. */
function Pictures({ snapshot, devices, choice, onPin, onFill, onPage, stage, height }: PicturesProps): ReactElement {
  const draw = (entry: StageTile, large: boolean): ReactElement => {
    const actions = { pinned: choice.pinned === entry.key, onPin: () => onPin(entry.key), filled: large && stage.filled, onFill: large ? onFill : null };
    const shared = { entry, tenants: snapshot.tenants, actions, small: !large && height < 170 };
    return entry.source === "screen" ? <ScreenTile key={entry.key} {...shared} /> : <TileView key={entry.key} {...shared} devices={devices} />;
  };
  return (
    <>
      {stage.main ? <div className="stage-main">{draw(stage.main, true)}</div> : null}
      {stage.filled ? null : (
        <div className="stage-rest">
          <ul className={stage.main ? "filmstrip" : "grid"}>
            {stage.tiles.map((entry) => (
              <li key={entry.key} className="grid-item">
                {draw(entry, false)}
              </li>
            ))}
          </ul>
          {stage.pages > 1 ? <Pager page={stage.page} pages={stage.pages} onPage={onPage} /> : null}
        </div>
      )}
    </>
  );
}

function Alone({ open }: { open: boolean }): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="stage-alone">
      <p>{t("meeting.alone")}</p>
      <InviteLink open={open} />
    </div>
  );
}

const WAITING = {
  connecting: { title: "state.connecting", text: "state.connecting_text" },
  waiting: { title: "state.waiting", text: "state.waiting_text" },
  // After a loss the room may want a host's word again.
  lobby: { title: "waiting.title", text: "waiting.text" },
} as const;

function Waiting({ state, area }: { state: keyof typeof WAITING; area: RefCallback<HTMLDivElement> }): ReactElement {
  const { t } = useTranslation();
  return (
    <div ref={area} className="stage stage-waiting">
      <div className="waiting-card" role="status">
        <span className="spinner spinner-large" aria-hidden="true" />
        <p className="waiting-title">{t(WAITING[state].title)}</p>
        <p className="quiet">{t(WAITING[state].text)}</p>
      </div>
    </div>
  );
}
