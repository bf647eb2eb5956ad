// The PeerConnection of M3.1 as a client makes it; the tests put this text in front of their own.
function fixedConnection() {
  const pc = new RTCPeerConnection();
  const layers = (...rids) => rids.map((rid, i) => ({ rid, scaleResolutionDownBy: 2 ** (rids.length - 1 - i) }));
  pc.addTransceiver("audio", { direction: "sendonly" });
  pc.addTransceiver("video", { direction: "sendonly", sendEncodings: layers("q", "h", "f") });
  pc.addTransceiver("video", { direction: "sendonly", sendEncodings: layers("l", "f") });
  pc.addTransceiver("audio", { direction: "sendonly" });
  pc.addTransceiver("audio", { direction: "sendonly" });
  const slots = (kind, n) => { for (let i = 0; i < n; i += 1) pc.addTransceiver(kind, { direction: "recvonly" }); };
  slots("audio", 4);
  slots("video", 9);
  slots("video", 2);
  slots("audio", 1);
  return pc;
}
