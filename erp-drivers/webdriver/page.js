/* The script that runs in the ERP's page: it looks whether conditions and error rules hold, and says
 * in words why not. Before it stand page_text.js, which compares texts, and page_find.js, which finds
 * elements.
 * One call of answer(question, codes) answers one question; it changes nothing but what is scrolled
 * into view. codes: the functions that the question's expressions are numbers of. What questions and
 * answers hold: page.c. */

/* What is in a cell; of a box whether it is checked. */
function contentOf(el) {
    if (el.type === 'checkbox' || el.type === 'radio')
        return el.checked ? 'checked' : '';
    return textOf(el);
}

/* One that came in the place of another has another one: a reload, an answer to a form. */
function pageOf(doc) {
    return String(doc.defaultView.performance.timeOrigin);
}

/* --- conditions: '' where one holds, else why not --- */

function lacksText(test, c, from, row) {
    if (typeof test === 'string')
        return compareText(from.body || from, {contains: test, exact: c.exact}, 'the page') &&
            '"' + test + '" is not on the page';
    var el = find(test.of, from, row)[0];
    return el ? compareText(el, test, describe(test.of)) : describe(test.of) + ' is not there';
}

var conditions = {
    present: function (l, c, from, row) {
        return find(l, from, row).length ? '' : describe(l) + ' is not there';
    },
    visible: function (l, c, from, row) {
        var found = find(l, from, row);
        if (found.some(shown))
            return '';
        return describe(l) + (found.length ? ' is not visible' : ' is not there');
    },
    gone: function (l, c, from, row) {
        return find(l, from, row).some(shown) ? describe(l) + ' is still there' : '';
    },
    text: lacksText,
    value: function (test, c, from, row) {
        var el = find(test.of, from, row)[0];
        return el ? compareValue(el, test, 'the value of ' + describe(test.of)) :
            describe(test.of) + ' is not there';
    },
    variable: function (test) { return compare(test.text, test, 'the variable'); },
    url: function (test) { return compare(location.href, test, 'the address'); },
    left: function (page, c, from) {
        var doc = from.ownerDocument || from;
        if (pageOf(doc) === page)
            return 'the page is still the same';
        return doc.readyState === 'loading' ? 'the page is being loaded' : '';
    },
    /* One that fails, since the page is not there yet, does not hold. */
    expression: function (code, c) {
        try {
            return code.apply(null, c.args || []) ? '' : 'the expression does not hold';
        } catch (error) {
            return 'the expression fails: ' + error;
        }
    },
    'const': function (holds, c) { return holds ? '' : c.why || 'it does not hold'; },
    all: function (parts, c, from, row) {
        return parts.map(function (part) { return lacks(part, from, row); }).find(Boolean) || '';
    },
    any: function (parts, c, from, row) {
        var whys = parts.map(function (part) { return lacks(part, from, row); });
        return whys.every(Boolean) ? whys.join(', and ') : '';
    },
    not: function (part, c, from, row) {
        return lacks(part, from, row) ? '' : 'this holds, and should not: ' + JSON.stringify(part);
    }
};

function lacks(c, from, row) {
    var name = Object.keys(conditions).find(function (one) { return c[one] !== undefined; });
    return conditions[name](c[name], c, from, row);
}

/* --- error rules, in all frames that we may look into --- */

function documents() {
    var all = [];
    (function add(frame) {
        try {
            all.push(frame.document);
        } catch (refused) {
            return;
        }
        for (var i = 0; i < frame.frames.length; i++)
            add(frame.frames[i]);
    })(window.top);
    return all;
}

/* The words of a rule where it matches in this document, else null. */
function matches(rule, doc) {
    var found = [], words = null;
    if (rule.present !== undefined)
        found = find(rule.present, doc);
    else if (rule.visible !== undefined)
        found = find(rule.visible, doc).filter(shown);
    else if (rule.text !== undefined)
        found = (rule['in'] ? find(rule['in'], doc) : doc.body ? [doc.body] : [])
            .filter(function (el) { return textOf(el).indexOf(squeeze(rule.text)) >= 0; });
    else if (rule.when !== undefined && !lacks(rule.when, doc))
        words = '';
    if (found.length)
        words = rule.text !== undefined && !rule['in'] ? rule.text : textOf(found[0]);
    if (words !== null && rule.words && typeof rule.words === 'object') {
        found = find(rule.words, doc);
        words = found.length ? textOf(found[0]) : words;
    }
    return words;
}

function firstRule(rules) {
    var docs = documents();
    for (var i = 0; i < rules.length; i++)
        for (var j = 0; j < docs.length; j++) {
            var words = matches(rules[i], docs[j]);
            if (words !== null)
                return {rule: rules[i].number, words: words.slice(0, 500)};
        }
    return null;
}

/* --- answers --- */

function no(why) {
    return {ok: false, why: why.slice(0, 300)};
}

/* Whether another element would get the click. */
function coveredBy(el) {
    var view = el.ownerDocument.defaultView, box = el.getClientRects()[0], hit;
    var left = Math.max(0, box.left), right = Math.min(view.innerWidth, box.right);
    var top = Math.max(0, box.top), bottom = Math.min(view.innerHeight, box.bottom);
    if (right <= left || bottom <= top)
        return 'the window\'s edge';
    hit = el.ownerDocument.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (!hit || el.contains(hit))
        return '';
    return hit.tagName.toLowerCase() + (hit.id ? '#' + hit.id : '');
}

function unfit(el, need) {
    if (need !== 'present' && el.matches(':disabled'))
        return ' is disabled';
    if (need === 'type' && el.readOnly)
        return ' is read-only';
    if (need === 'click') {
        if (coveredBy(el))
            el.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
        var cover = coveredBy(el);
        return cover ? ' is covered by ' + cover : '';
    }
    return '';
}

/* Of a field: with nothing in it, not even a part of a number or date, which has no value yet. */
function isEmpty(el) {
    return el.value === '' && !(el.validity && el.validity.badInput);
}

function element(q) {
    var found = find(q.locator, document, q.row), seen = found.filter(shown), why, el;
    if (!found.length)
        return no(describe(q.locator) + ' is not there');
    if (!seen.length && q.need !== 'present')
        return no(describe(q.locator) + ' is not visible');
    el = seen[0] || found[0];
    why = unfit(el, q.need);
    if (why)
        return no(describe(q.locator) + why);
    return {ok: true, element: el, checked: !!el.checked, empty: isEmpty(el), page: pageOf(document)};
}

function option(q) {
    var answer = element(q), wanted = squeeze(q.option), found;
    if (!answer.ok)
        return answer;
    found = Array.from(answer.element.options || []).filter(function (one) {
        return squeeze(q.by === 'value' ? one.value : one.text) === wanted;
    });
    if (!found.length || found[0].disabled)
        return no(describe(q.locator) + ' has no option "' + q.option + '"');
    return {ok: true, element: found[0], checked: found[0].selected};
}

/* A frame's element: by its name or id, or by a locator. */
function frame(q) {
    var found = typeof q.frame !== 'string' ? find(q.frame, document) :
        list(document, 'frame, iframe').filter(function (el) {
            return el.getAttribute('name') === q.frame || el.id === q.frame;
        });
    return found.length ? {ok: true, element: found[0]} :
        no('frame ' + describe(q.frame) + ' is not there');
}

function firstOf(q) {
    var found = find(q.locator, document, q.row);
    return found.find(shown) || found[0];
}

function valueOf(q) {
    if (q.what === 'url')
        return location.href;
    if (q.what === 'title')
        return document.title;
    if (q.what === 'page')
        return pageOf(document);
    if (q.what === 'count')
        return String(find(q.locator, document, q.row).length);
    var el = firstOf(q);
    if (!el)
        return null;
    if (q.what === 'value')
        return el.value === undefined ? null : String(el.value);
    if (q.what !== 'text')
        return el.getAttribute(q.what.slice('attribute:'.length));
    return q.exact ? exactOf(el) : textOf(el);
}

/* What an exact text would not be read of for certain. */
function unclear(q) {
    var el = q.exact ? firstOf(q) : null;
    return el && !same(exactOf(el), textOf(el)) ? showsOther(describe(q.locator), exactOf(el), textOf(el)) : '';
}

function read(q) {
    var value = valueOf(q), match;
    if (value === null)
        return no(describe(q.locator) + ' is not there, or has no ' + q.what);
    if (unclear(q))
        return no(unclear(q));
    if (q.match) {
        match = new RegExp(q.match).exec(value);
        if (!match)
            return no('"' + value + '" does not match ' + q.match);
        value = match[1] === undefined ? match[0] : match[1];
    }
    return {ok: true, value: value};
}

function rows(q) {
    var answer = {ok: true, rows: [], elements: []};
    find(q.locator, document, q.row).forEach(function (el, i) {
        if (q.where && lacks(q.where, el, el))
            return;
        answer.rows.push(i + 1);
        answer.elements.push(el);
    });
    return answer;
}

/* What is in the places of a row, null where there is none; without places its text, then its fields. */
function cellsOf(row, places) {
    if (!places)
        return [textOf(row)].concat(list(row, 'input:not([type=hidden]), select, textarea').map(contentOf));
    return places.map(function (l) {
        var found = find(l, row, row), el = found.find(shown) || found[0];
        return el ? contentOf(el) : null;
    });
}

function listed(q) {
    var found = rows(q), all, bad;
    all = found.elements.map(function (row) { return cellsOf(row, q.of); });
    bad = all.findIndex(function (cells) { return cells.indexOf(null) >= 0; });
    if (bad >= 0)
        return no('row ' + found.rows[bad] + ' of ' + describe(q.locator) + ' has no ' +
            describe(q.of[all[bad].indexOf(null)]));
    return {ok: true, value: all};
}

function condition(q) {
    var why = lacks(q.condition, document, q.row);
    return why ? no(why) : {ok: true};
}

/* Of every frame: an old page is made of them. */
function source() {
    return {ok: true, value: documents().map(function (doc) {
        return '<!-- ' + doc.location.href + ' -->\n' + doc.documentElement.outerHTML + '\n';
    }).join('')};
}

/* An expression is a function by its number. */
function withCodes(value, codes) {
    if (value && typeof value === 'object' && !(value instanceof Element))
        Object.keys(value).forEach(function (name) {
            if (name === 'expression')
                value[name] = codes[value[name]];
            else
                withCodes(value[name], codes);
        });
    return value;
}

function frames() {
    for (var depth = 0, frame = window; frame !== frame.parent; frame = frame.parent)
        depth++;
    return depth;
}

function place() {
    var load = performance.getEntriesByType('navigation')[0];
    return {loading: document.readyState !== 'complete', status: load && load.responseStatus || 0,
        dead: location.protocol === 'chrome-error:' || location.href.indexOf('about:neterror') === 0};
}

/* Chromium leaves a page whose connection was cut in this state for ever: what is not there may have been cut off. Not so
 * one that a script writes and never closes: nothing of it is on its way. */
function arriving() {
    var load = performance.getEntriesByType('navigation')[0];
    return document.readyState === 'loading' && !!load && load.responseStart > 0 && !load.responseEnd;
}

function answer(q, codes) {
    var ops = {element: element, option: option, frame: frame, read: read, rows: rows, list: listed,
        condition: condition, source: source, rules: function () { return no(''); }}, result, rule;
    /* A driver puts us into the top document when a frame is gone, without a word. */
    if (q.op !== 'source' && frames() !== q.depth)
        return {ok: false, lost: true, why: 'its frame is gone'};
    withCodes(q, codes);
    result = q.op !== 'source' && q.op !== 'rules' && arriving() ?
        {ok: false, arriving: true, why: 'the page has not arrived completely'} : ops[q.op](q);
    if (doubt)
        result.doubt = doubt;
    if (!result.ok) {
        result.place = place();
        rule = firstRule(q.rules);
        if (rule)
            Object.assign(result, rule);
    }
    return result;
}
