/** The own camera, mirrored as in a mirror; never sent through this element. */

import type { ReactElement } from "react";
import { useEffect, useRef } from "react";

export function SelfVideo({ track }: { track: MediaStreamTrack }): ReactElement {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = new MediaStream([track]);
    void element.play().catch(() => undefined);
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return <video ref={video} className="video mirrored" muted playsInline autoPlay aria-hidden="true" tabIndex={-1} />;
}
