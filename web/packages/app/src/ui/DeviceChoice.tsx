/** Which camera and microphone to use, and a meter that shows that the voice arrives. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useObservable, useWorld } from "../context.ts";
import { deviceKey } from "../problems.ts";
import type { Device, Devices, Input } from "../state/devices.ts";
import { Select } from "./controls.tsx";
import { Icon } from "./icons.tsx";
import { TestSound } from "./TestSound.tsx";
import { useLevel } from "./useLevel.ts";

export function DeviceChoice({ devices }: { devices: Devices }): ReactElement {
  const { t } = useTranslation();
  const { model } = useWorld();
  const state = useObservable(devices.store);
  const { settings } = useObservable(model.store);
  const choose = (input: Input, id: string): void => {
    model.set({ [input]: id });
    void devices.choose(input, id);
  };
  const options = (list: readonly Device[]): { id: string; label: string }[] =>
    list.length > 0
      ? list.map((device, index) => ({ id: device.id, label: device.label || t("device.numbered", { number: index + 1 }) }))
      : [{ id: "", label: t("device.default") }];
  const current = (list: readonly Device[], track: MediaStreamTrack | null, kept: string): string => {
    const used = track?.getSettings().deviceId ?? kept;
    return list.find((device) => device.id === used)?.id ?? list[0]?.id ?? "";
  };
  return (
    <div className="device-choice">
      <Select
        label={t("device.camera")}
        icon="camera"
        value={current(state.cameras, state.camera.track, settings.camera)}
        options={options(state.cameras)}
        onChange={(id) => choose("camera", id)}
      />
      <DeviceProblemNote input="camera" devices={devices} />
      <Select
        label={t("device.microphone")}
        icon="microphone"
        value={current(state.microphones, state.microphone.track, settings.microphone)}
        options={options(state.microphones)}
        onChange={(id) => choose("microphone", id)}
      />
      <DeviceProblemNote input="microphone" devices={devices} />
      <LevelMeter track={state.microphone.on ? state.microphone.track : null} />
      {canChooseSpeaker() && state.speakers.length > 0 ? (
        <>
          <Select
            label={t("device.speaker")}
            icon="speaker"
            value={state.speakers.some((device) => device.id === state.speaker) ? state.speaker : (state.speakers[0]?.id ?? "")}
            options={options(state.speakers)}
            onChange={(id) => {
              model.set({ speaker: id });
              devices.chooseSpeaker(id);
            }}
          />
          <TestSound speaker={state.speaker} onRefused={() => devices.speakerRefused(state.speaker)} />
        </>
      ) : null}
      {state.speakerFailed ? (
        <p className="note note-warn" role="alert">
          <Icon name="warning" size={18} />
          <span>{t("device.speaker_failed")}</span>
        </p>
      ) : null}
    </div>
  );
}

/** Not every browser lets a page choose where it is heard. */
function canChooseSpeaker(): boolean {
  return "setSinkId" in HTMLMediaElement.prototype;
}

export function DeviceProblemNote({ input, devices }: { input: Input; devices: Devices }): ReactElement | null {
  const { t } = useTranslation();
  const { problem } = useObservable(devices.store)[input];
  if (!problem) return null;
  return (
    <p className="note note-warn" role="alert">
      <Icon name="warning" size={18} />
      <span>{t(deviceKey(input, problem))}</span>
    </p>
  );
}

export function LevelMeter({ track }: { track: MediaStreamTrack | null }): ReactElement {
  const { t } = useTranslation();
  const level = useLevel(track);
  return (
    <div className="meter-row">
      <span id="level-label">{track ? t("device.level") : t("device.level_off")}</span>
      <div
        className="meter"
        role="meter"
        aria-labelledby="level-label"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(level * 100)}
      >
        <span className="meter-bar" style={{ transform: `scaleX(${level})` }} />
      </div>
    </div>
  );
}
