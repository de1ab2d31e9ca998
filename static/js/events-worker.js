/* One event stream for all open pages of this browser (a browser allows six connections to a host), shared by a
   SharedWorker. Pages connect, and hear everything through the channel `roi-events`. EventSource comes back by itself
   with Last-Event-ID; where the server refuses (restarting, signed out) it is opened anew, ever more slowly. */
"use strict";
{
  const NAMES = ["interval", "roi", "alert", "source"];
  const channel = new BroadcastChannel("roi-events");
  let stream = null;
  let address = null;
  let lastId = "";
  let delay = 1000;
  let lostAt = null;

  function tell(message) {
    channel.postMessage(message);
  }

  function open() {
    const url = lastId ? `${address}?last-event-id=${encodeURIComponent(lastId)}` : address;
    stream = new EventSource(url);
    stream.onopen = () => {
      delay = 1000;
      tell({ kind: "open", after: lostAt });
      lostAt = null;
    };
    stream.onerror = () => {
      lostAt ??= Date.now();
      tell({ kind: "lost", since: lostAt });
      if (stream.readyState !== EventSource.CLOSED) return;
      setTimeout(open, delay);
      delay = Math.min(delay * 2, 60000);
    };
    for (const name of NAMES) {
      stream.addEventListener(name, (event) => {
        lastId = event.lastEventId || lastId;
        tell({ kind: "event", name, data: event.data });
      });
    }
  }

  self.onconnect = (event) => {
    const port = event.ports[0];
    port.onmessage = (message) => {
      address ??= message.data;
      if (!stream) open();
      else if (lostAt) tell({ kind: "lost", since: lostAt });
    };
    port.start();
  };
}
