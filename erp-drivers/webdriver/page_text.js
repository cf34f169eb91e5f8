/* The part of the page's script that compares texts. page_find.js and page.js follow it in one
 * program.
 *
 * Loosely: blanks are squeezed on both sides, as a person reads. Exactly: what the page holds is
 * compared, with nothing undone but what its source may do to white space, and what is seen must
 * agree. An id is compared so. Where the page holds something else than it shows (a blank of
 * another kind, a line's end between two parts, hidden text), a text that differs in nothing else
 * may be the one or not: then `doubt` has the words. */

var doubt = '';

function squeeze(text) {
    return String(text === null || text === undefined ? '' : text).replace(/\s+/g, ' ').trim();
}

function isField(el) {
    return el.tagName === 'INPUT' || el.tagName === 'TEXTAREA';
}

function optionsOf(el, text) {
    return Array.from(el.selectedOptions, function (o) { return o[text]; }).join(' ');
}

/* What a person reads: of a field what is in it. */
function textOf(el) {
    if (el.tagName === 'SELECT')
        return squeeze(optionsOf(el, 'text'));
    if (isField(el))
        return squeeze(el.value);
    return squeeze(el.innerText === undefined ? el.textContent : el.innerText);
}

/* What stands around a text is its source's indentation, and blanks with a line's end or a tab
 * among them were one: no id has such a character. */
function plain(text) {
    return text.replace(/ *[\t\n\f\r][ \t\n\f\r]*/g, ' ').replace(/^ +| +$/g, '');
}

/* What the page holds. */
function exactOf(el) {
    if (el.tagName === 'SELECT')
        return plain(optionsOf(el, 'textContent'));
    return plain(isField(el) ? el.value : el.textContent);
}

/* Without any blank, seen or not. */
function bare(text) {
    return text.replace(/[\s\u00ad\u034f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f]+/g, '');
}

/* Whether blanks of the usual kind are all that could be doubted, none of them at an end. */
function isPlain(text) {
    return bare(text) === text.replace(/ /g, '') && !/^ | $/.test(text);
}

function same(text, seen) {
    return squeeze(text).toLowerCase() === seen.toLowerCase();
}

/* --- tests: '' where one holds, else why not --- */

var tests = {
    is: function (text, wanted) { return text === wanted; },
    contains: function (text, wanted) { return text.indexOf(wanted) >= 0; },
    starts: function (text, wanted) { return text.startsWith(wanted); },
    ends: function (text, wanted) { return text.endsWith(wanted); },
    matches: function (text, wanted) { return new RegExp(wanted).test(text); }
};

var refusals = {
    is: ', not "W"', contains: ', without "W"', starts: ', which does not begin with "W"',
    ends: ', which does not end with "W"', matches: ', which does not match W'
};

function testOf(test) {
    return Object.keys(tests).find(function (name) { return test[name] !== undefined; });
}

/* prepare: what is done to the wanted text first; a regular expression is left alone. */
function compare(text, test, what, prepare) {
    var name = testOf(test), wanted = test[name];
    if (tests[name](text, prepare && name !== 'matches' ? prepare(wanted) : wanted))
        return '';
    return what + ' is "' + text + '"' + refusals[name].split('W').join(wanted);
}

function showsOther(what, text, seen) {
    return what + ' holds "' + text + '" and shows "' + seen + '"';
}

/* Whether it may be the wanted text, although it is not. */
function isDoubtful(text, seen, fits, wanted) {
    return (!isPlain(text) || !same(text, seen)) &&
        (fits(bare(text), bare(wanted)) || fits(bare(seen), bare(wanted)));
}

function compareExactly(text, seen, test, what) {
    var name = testOf(test), fits = tests[name], wanted = test[name], why = compare(text, test, what);
    if (name === 'matches')
        return why || (same(text, seen) ? '' : showsOther(what, text, seen));
    if (!why && fits(seen.toLowerCase(), squeeze(wanted).toLowerCase()))
        return '';
    if (test.exact === 'id' && isDoubtful(text, seen, fits, wanted))
        doubt = showsOther(what, text, seen) + ', which may be "' + wanted + '" or another';
    return why || showsOther(what, text, seen);
}

function compareText(el, test, what) {
    if (!test.exact)
        return compare(textOf(el), test, what, squeeze);
    var name = testOf(test), exactly = {exact: test.exact};
    exactly[name] = name === 'matches' ? test[name] : plain(test[name]);
    return compareExactly(exactOf(el), textOf(el), exactly, what);
}

function compareValue(el, test, what) {
    var value = String(el.value === null || el.value === undefined ? '' : el.value);
    return test.exact ? compareExactly(value, squeeze(value), test, what) : compare(value, test, what);
}

/* Whether an element has the whole text. */
function hasText(el, text, exact) {
    return !compareText(el, {is: text, exact: exact}, 'an element');
}
