'use strict';
// The page is complete without this script, and stands still. With it, the page follows the
// server's stream: each message replaces a panel, whose elements are told apart by their ids.
(() => {
  const maxRows = 200, maxLines = 500;
  const $ = (id) => document.getElementById(id);
  const policy = window.trustedTypes?.createPolicy('console', {createHTML: (html) => html});
  const parse = (html) => {
    const t = document.createElement('template');
    t.innerHTML = policy ? policy.createHTML(html) : html;
    return t.content;
  };

  // What an element was made of: the page may have opened a part of it meanwhile.
  const source = new WeakMap();
  const made = (e) => e.dataset?.key ?? e.outerHTML;
  const note = (e) => source.set(e, made(e));
  for (const panel of ['devices', 'logins', 'runs', 'timeline', 'log', 'faults', 'requests']) {
    for (const e of $(panel).children) note(e);
  }

  // swap replaces an element and keeps what the reader has opened and focused.
  const swap = (old, fresh) => {
    for (const d of old.querySelectorAll('details[id]')) {
      const same = fresh.querySelector('#' + CSS.escape(d.id));
      if (same) same.open = d.open;
    }
    const focus = old.contains(document.activeElement) ? document.activeElement.id : '';
    old.replaceWith(fresh);
    if (focus) $(focus)?.focus({preventScroll: true});
  };

  // show gives a panel new elements and leaves those alone that are the same.
  const show = (panel, html) => {
    const next = [...parse(html).children];
    const keep = new Set(next.map((e) => e.id));
    for (const e of [...panel.children]) if (!keep.has(e.id)) e.remove();
    let at = panel.firstElementChild;
    for (const e of next) {
      const old = e.id && $(e.id)?.parentElement === panel ? $(e.id) : null;
      if (!old) {
        note(e);
        panel.insertBefore(e, at);
      } else {
        if (old !== at) panel.insertBefore(old, at);
        if (source.get(old) !== made(e)) {
          note(e);
          swap(old, e);
          at = e.nextElementSibling;
          continue;
        }
        at = old.nextElementSibling;
        continue;
      }
    }
  };

  // Requests: rows come new, or once more when they are answered.
  const filter = $('filter'), problems = $('problems'), pause = $('pause');
  let held = [], missed = 0;
  const visible = (row) => {
    const text = filter.value.trim().toLowerCase();
    row.hidden = text !== '' && !row.textContent.toLowerCase().includes(text) && !row.querySelector('[title]')?.title.includes(text) ||
      problems.checked && !['warn', 'bad'].includes(row.dataset.tone);
  };
  const matches = () => {
    const body = $('requests');
    $('unmatched').hidden = body.children.length === 0 || body.querySelector('tr:not([hidden])') !== null;
  };
  const sift = () => { for (const row of $('requests').children) visible(row); matches(); };
  filter.addEventListener('input', sift);
  problems.addEventListener('change', sift);
  const addRows = (html) => {
    const body = $('requests');
    const rows = parse('<table><tbody>' + html + '</tbody></table>').querySelectorAll('tr');
    for (const row of [...rows]) {
      const old = $(row.id);
      visible(row);
      if (old) {
        if (source.get(old) !== made(row)) { note(row); swap(old, row); }
        continue;
      }
      note(row);
      if (rows.length < 20) row.classList.add('new');
      const n = Number(row.dataset.n);
      let at = body.firstElementChild;
      while (at && Number(at.dataset.n) > n) at = at.nextElementSibling;
      body.insertBefore(row, at);
    }
    while (body.children.length > maxRows) body.lastElementChild.remove();
    matches();
  };
  const skip = (n) => {
    if (!n) return;
    missed += n;
    $('skipped').textContent = missed + ' requests came too fast to be shown.';
    $('skipped').hidden = false;
  };
  pause.addEventListener('click', () => {
    const on = pause.getAttribute('aria-pressed') !== 'true';
    pause.setAttribute('aria-pressed', String(on));
    pause.textContent = on ? 'Go on' : 'Pause';
    if (!on) {
      for (const m of held) { addRows(m.html); skip(m.skipped); }
      held = [];
    }
  });

  // The log follows its end unless the reader has scrolled away from it.
  const atEnd = (box) => box && box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  const toEnd = () => { const box = $('log-box'); if (box) box.scrollTop = box.scrollHeight; };
  const addLines = (html) => {
    const list = $('lines');
    if (!list) return;
    const follow = atEnd($('log-box'));
    list.append(parse('<ol>' + html + '</ol>').firstElementChild);
    const added = list.lastElementChild;
    added.replaceWith(...added.children);
    while (list.children.length > maxLines) list.firstElementChild.remove();
    if (follow) toEnd();
  };

  const on = {
    requests: (m) => {
      if (pause.getAttribute('aria-pressed') === 'true') {
        held.push(m);
        if (held.length > 50) held.shift();
        return;
      }
      addRows(m.html);
      skip(m.skipped);
    },
    lines: (m) => addLines(m.html),
    log: (m) => { show($('log'), m.html); toEnd(); },
    counts: (m) => { $('counts').replaceChildren(...parse(m.html).children); },
    say: (m) => { $('say').textContent = m.text; },
  };

  // The stream. The browser connects again by itself while the server can be reached.
  const live = (state, text) => { $('live').dataset.state = state; if ($('live-text').textContent !== text) $('live-text').textContent = text; };
  const query = new URLSearchParams(document.body.dataset.query);
  query.set('after', document.body.dataset.after);
  const stream = new EventSource('/console/events?' + query);
  stream.addEventListener('open', () => live('open', 'live'));
  stream.addEventListener('error', () => {
    if (stream.readyState === EventSource.CLOSED) live('closed', 'ended: open the address that the mock prints');
    else live('lost', 'connecting again');
  });
  stream.addEventListener('message', (e) => {
    const m = JSON.parse(e.data);
    if (on[m.panel]) on[m.panel](m);
    else if ($(m.panel)) show($(m.panel), m.html ?? '');
    tick();
  });

  // Buttons.
  let toastEnds;
  const toast = (text, failed) => {
    const t = $('toast');
    t.textContent = text;
    t.dataset.failed = String(failed);
    clearTimeout(toastEnds);
    toastEnds = setTimeout(() => { t.textContent = ''; }, 8000);
  };
  $('act').addEventListener('submit', async (e) => {
    e.preventDefault();
    const button = e.submitter, body = new URLSearchParams(new FormData($('act')));
    body.set('do', button.value);
    try {
      const r = await fetch($('act').action, {method: 'POST', body, headers: {Accept: 'application/json'}});
      const kind = r.headers.get('Content-Type') ?? '';
      toast(kind.startsWith('application/json') ? (await r.json()).said : await r.text(), !r.ok);
    } catch {
      toast('The mock did not answer.', true);
    }
  });

  // The time that access tokens have left.
  const left = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s < 60) return s + ' s';
    if (s < 3600) return Math.floor(s / 60) + ' min ' + s % 60 + ' s';
    return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
  };
  const tick = () => {
    for (const e of document.querySelectorAll('[data-until]')) {
      const ms = Number(e.dataset.until) - Date.now();
      if (e.dataset.life) e.setAttribute('width', Math.min(100, Math.max(0, 100 * ms / Number(e.dataset.life))).toFixed(1) + '%');
      else e.textContent = left(ms);
    }
  };
  setInterval(tick, 1000);
  sift();
  toEnd();
})();
