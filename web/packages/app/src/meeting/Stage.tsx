/** The pictures: a grid that fills the stage, or a shared screen with people beside it. */

import type { CSSProperties, ReactElement, RefCallback } from "react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Devices } from "../state/devices.ts";
import { type Box, capacity, GAP, grid } from "../state/layout.ts";
import { alone } from "../state/people.ts";
import type { Meeting, MeetingSnapshot } from "../state/port.ts";
import { arrange, NO_SEATS, seat, type Seats, type Stage as StageModel, wishes } from "../state/seats.ts";
import { Button } from "../ui/controls.tsx";
import { InviteLink } from "./InviteLink.tsx";
import { ScreenTile } from "./ScreenTile.tsx";
import { TileView } from "./TileView.tsx";

export interface StageProps {
  readonly meeting: Meeting;
  readonly snapshot: MeetingSnapshot;
  readonly devices: Devices;
  readonly onPeople: () => void;
}

export function Stage({ meeting, snapshot, devices, onPeople }: StageProps): ReactElement {
  const [area, setArea] = useState<HTMLDivElement | null>(null);
  const box = useBox(area);
  const stage = useStage(snapshot, box);
  const wide = box.width >= box.height * 1.1;
  const full = grid(stage.tiles.length, box);
  const strip = stripTile(box, wide);
  const tileHeight = stage.screen ? strip.height : full.tile.height;
  useView(meeting, stage, box.height, tileHeight);

  if (snapshot.state === "connecting" || snapshot.state === "waiting") return <Waiting state={snapshot.state} area={setArea} />;
  const solitary = alone(snapshot.people);
  const shape = stage.screen ? `stage-screen ${wide ? "stage-wide" : "stage-tall"}` : solitary ? "stage-with-invite" : "";
  const size = stage.screen ? strip : full.tile;
  return (
    <div ref={setArea} className={`stage ${shape}`}>
      {stage.screen ? <ScreenTile entry={stage.screen} tenants={snapshot.tenants} /> : null}
      <ul
        className={stage.screen ? "filmstrip" : "grid"}
        style={
          {
            "--columns": full.columns,
            "--tile-width": `${size.width}px`,
            "--tile-height": `${size.height}px`,
            "--gap": `${GAP}px`,
          } as CSSProperties
        }
      >
        {stage.tiles.map((entry) => (
          <li key={entry.key} className="grid-item">
            <TileView entry={entry} tenants={snapshot.tenants} devices={devices} small={size.height < 170} />
          </li>
        ))}
      </ul>
      {stage.hidden > 0 ? <More count={stage.hidden} onPress={onPeople} /> : null}
      {solitary ? <Alone /> : null}
    </div>
  );
}

function More({ count, onPress }: { count: number; onPress: () => void }): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="stage-more">
      <Button look="quiet" icon="people" onPress={onPress}>
        {t("meeting.more", { count })}
      </Button>
    </div>
  );
}

function Alone(): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="stage-alone">
      <p>{t("meeting.alone")}</p>
      <InviteLink />
    </div>
  );
}

function Waiting({ state, area }: { state: "connecting" | "waiting"; area: RefCallback<HTMLDivElement> }): ReactElement {
  const { t } = useTranslation();
  return (
    <div ref={area} className="stage stage-waiting">
      <div className="waiting-card" role="status">
        <span className="spinner spinner-large" aria-hidden="true" />
        <p className="waiting-title">{state === "connecting" ? t("state.connecting") : t("state.waiting")}</p>
        <p className="quiet">{state === "connecting" ? t("state.connecting_text") : t("state.waiting_text")}</p>
      </div>
    </div>
  );
}

/** The stage's size in pixels, followed as it changes. The element is state, not a ref: when another one takes its place
 * the old one measures nothing, and that must not become the stage's size. */
function useBox(area: HTMLDivElement | null): Box {
  const [box, setBox] = useState<Box>({ width: 960, height: 540 });
  useEffect(() => {
    if (!area) return;
    const measure = (): void => {
      const style = getComputedStyle(area);
      const width = area.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      const height = area.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
      if (!area.isConnected || width <= 0 || height <= 0) return;
      setBox((before) => (before.width === width && before.height === height ? before : { width, height }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(area, { box: "content-box" });
    measure();
    return () => observer.disconnect();
  }, [area]);
  return box;
}

/** Who sits where now; seats are kept from one snapshot to the next. */
function useStage(snapshot: MeetingSnapshot, box: Box): StageModel {
  const seats = useRef<Seats>(NO_SEATS);
  return useMemo(() => {
    const sharing = snapshot.tiles.some((tile) => tile.source === "screen");
    const room = (sharing ? Math.min(6, capacity(box)) : capacity(box)) - 1;
    seats.current = seat(seats.current, snapshot.people, room, performance.now());
    return arrange(snapshot, seats.current);
  }, [snapshot, box]);
}

function stripTile(box: Box, wide: boolean): Box {
  const width = wide ? Math.min(220, Math.max(140, box.width * 0.16)) : Math.max(110, Math.min(160, box.width * 0.3));
  return { width: Math.round(width), height: Math.round((width * 9) / 16) };
}

/** Tells the SDK what is on screen and how large, only when that changed. */
function useView(meeting: Meeting, stage: StageModel, screenHeight: number, tileHeight: number): void {
  const scale = window.devicePixelRatio || 1;
  const views = wishes(stage, screenHeight * scale, tileHeight * scale);
  const told = JSON.stringify(views);
  useEffect(() => {
    meeting.setView(JSON.parse(told));
  }, [meeting, told]);
}
