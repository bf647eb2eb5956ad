/** The own picture before joining, with the two switches that matter. */

import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { useObservable } from "../context.ts";
import type { Devices } from "../state/devices.ts";
import { BarButton } from "../ui/controls.tsx";
import { Icon } from "../ui/icons.tsx";
import { SelfVideo } from "../ui/SelfVideo.tsx";

export function Preview({ devices }: { devices: Devices }): ReactElement {
  const { t } = useTranslation();
  const { microphone, camera } = useObservable(devices.store);
  return (
    <div className="preview">
      {camera.on && camera.track ? (
        <SelfVideo track={camera.track} />
      ) : (
        <p className="preview-empty" role="status">
          <Icon name="cameraOff" size={32} />
          <span>{camera.starting ? t("device.camera_starting") : t("device.camera_off")}</span>
        </p>
      )}
      <div className="preview-bar">
        <BarButton
          icon={microphone.on || microphone.starting ? "microphone" : "microphoneOff"}
          label={t("control.microphone")}
          pressed={microphone.on || microphone.starting}
          tone={microphone.on || microphone.starting ? "normal" : "off"}
          onPress={() => void devices.toggle("microphone")}
        />
        <BarButton
          icon={camera.on || camera.starting ? "camera" : "cameraOff"}
          label={t("control.camera")}
          pressed={camera.on || camera.starting}
          tone={camera.on || camera.starting ? "normal" : "off"}
          onPress={() => void devices.toggle("camera")}
        />
      </div>
    </div>
  );
}
