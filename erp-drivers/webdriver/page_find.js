/* The elements that a locator names, and its description for reasons. */

function shown(el) {
    var box = el.tagName === 'OPTION' ? el.closest('select') : el;
    return !!box && box.getClientRects().length > 0 &&
        box.ownerDocument.defaultView.getComputedStyle(box).visibility === 'visible';
}

function list(root, css) {
    return Array.from(root.querySelectorAll(css));
}

function xpath(root, path) {
    var doc = root.ownerDocument || root, found = [], i;
    var result = doc.evaluate(path, root, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
    for (i = 0; i < result.snapshotLength; i++)
        if (result.snapshotItem(i).nodeType === 1)
            found.push(result.snapshotItem(i));
    return found;
}

/* The field in the cell behind a cell with the label, as old pages have it. */
function besideCell(cell) {
    for (var next = cell.nextElementSibling; next; next = next.nextElementSibling) {
        var field = next.querySelector('input:not([type=hidden]), select, textarea');
        if (field || squeeze(next.textContent))
            return field;
    }
    return null;
}

function byLabel(root, text) {
    function same(words) { return squeeze(words).replace(/[\s:*]+$/, '') === text; }
    var found = [];
    list(root, 'label').forEach(function (el) {
        if (same(el.textContent) && el.control)
            found.push(el.control);
    });
    list(root, '[aria-label]').forEach(function (el) {
        if (same(el.getAttribute('aria-label')))
            found.push(el);
    });
    if (!found.length)
        list(root, 'td, th').forEach(function (el) {
            var field = same(el.textContent) ? besideCell(el) : null;
            if (field)
                found.push(field);
        });
    return found;
}

function byButton(root, text) {
    return list(root, 'button, [role=button], input[type=submit], input[type=button], ' +
        'input[type=reset], input[type=image]').filter(function (el) {
        return [textOf(el), squeeze(el.title), squeeze(el.alt),
            squeeze(el.getAttribute('aria-label'))].indexOf(text) >= 0;
    });
}

var ways = {
    css: list,
    xpath: xpath,
    id: function (root, id) { return list(root, '[id="' + CSS.escape(id) + '"]'); },
    name: function (root, name) { return list(root, '[name="' + CSS.escape(name) + '"]'); },
    link: function (root, text, exact) {
        return list(root, 'a').filter(function (el) { return hasText(el, text, exact); });
    },
    label: function (root, text) { return byLabel(root, squeeze(text).replace(/[\s:*]+$/, '')); },
    button: function (root, text) { return byButton(root, squeeze(text)); }
};

function wayOf(l) {
    return Object.keys(ways).find(function (way) { return l[way] !== undefined; });
}

/* For reasons. */
function describe(l) {
    if (typeof l === 'string')
        return l;
    var way = wayOf(l), words = way === 'css' ? l.css : way + ' "' + l[way] + '"';
    if (l.text !== undefined)
        words += ' with the text "' + l.text + '"';
    if (l.contains !== undefined)
        words += ' containing "' + l.contains + '"';
    if (l.nth)
        words += ' number ' + l.nth;
    return l.in ? words + ' in ' + describe(l.in) : words;
}

/* The elements of a locator, in the page's order. from: a document, or the row that conditions
 * of each are about; row: what "row" means elsewhere. */
function find(l, from, row) {
    if (l === 'row')
        return row ? [row] : [];
    if (typeof l === 'string')
        l = {css: l};
    var root = from, way = wayOf(l), found;
    if (l.in)
        root = find(l.in, from, row)[0];
    if (!root)
        return [];
    found = ways[way](root, l[way], l.exact).filter(function (el) {
        return (l.text === undefined || hasText(el, l.text, l.exact)) &&
            (l.contains === undefined || !compareText(el, {contains: l.contains, exact: l.exact}, 'an element')) &&
            (l.visible === undefined || shown(el) === l.visible);
    });
    if (l.nth)
        found = found.slice(l.nth - 1, l.nth);
    return found;
}
