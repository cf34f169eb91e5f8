/* The tables of recipes for HTTP APIs. One row a member. */
#include "common/shape/shared.h"

#include <limits.h>

#define DAY_S 86400

static const char *const http_kind[] = {"http", NULL};

static const struct recipe_member file_members[] = {
    {.name = "recipe", .kind = RECIPE_ONE, .required = true},
    {.name = "kind", .kind = RECIPE_CHOICE, .choices = http_kind, .required = true},
    {.name = "$schema", .kind = RECIPE_TEXT},
    {.name = "name", .kind = RECIPE_TEXT},
    {.name = "about", .kind = RECIPE_TEXT},
    {.name = "proven_with",
     .kind = RECIPE_PROVEN,
     .about = "the ERP and version that it was tried with; null: with none"},
    {.name = "timeout_s", .kind = RECIPE_SECONDS, .minimum = 1, .maximum = 600},
    {.name = "settle_s", .kind = RECIPE_SECONDS, .maximum = 3600},
    {.name = "options", .kind = RECIPE_OPTIONS},
    {.name = "headers", .kind = RECIPE_TYPED_VALUES, .about = "of every request"},
    {.name = "hosts", .kind = RECIPE_HOSTS},
    {.name = "namespaces", .kind = RECIPE_TEXTS, .about = "of XML: URIs by the prefixes of XPaths"},
    {.name = "uniqueid", .kind = RECIPE_ID_RULES},
    {.name = "requests_per_s", .kind = RECIPE_SECONDS, .minimum = 0, .maximum = 1000},
    {.name = "one_at_a_time",
     .kind = RECIPE_BOOL,
     .about = "one order at a time for each set of credentials"},
    {.name = "unguarded",
     .kind = RECIPE_BOOL,
     .about = "the ERP replaces lines without noticing that another user changed them"},
    {.name = "login", .section = RECIPE_IN_LOGIN, .kind = RECIPE_STEPS},
    ORDER_SECTIONS,
    {.name = "undo", .section = RECIPE_IN_UNDO, .kind = RECIPE_STEPS},
    {.name = "logout", .section = RECIPE_IN_LOGOUT, .kind = RECIPE_STEPS},
    {.name = "idle_s",
     .kind = RECIPE_INTEGER,
     .minimum = 1,
     .maximum = DAY_S,
     .beside = "logout",
     .about = "logs out after so many seconds without an order"},
    {.name = "check", .section = RECIPE_IN_CHECK, .kind = RECIPE_STEPS},
    {.name = "pieces", .section = RECIPE_IN_PIECE, .kind = RECIPE_PIECES},
    {.name = "errors", .section = RECIPE_IN_ERRORS, .kind = RECIPE_ERRORS},
};

static const struct recipe_member id_rules_members[] = {
    {.name = "max_bytes", .kind = RECIPE_INTEGER, .minimum = 1, .maximum = 128},
    {.name = "characters",
     .kind = RECIPE_TEXT,
     .about = "the ASCII characters that it may have, with ranges: A-Za-z0-9-"},
    {.name = "spaces", .kind = RECIPE_BOOL, .about = "the ERP keeps spaces at both ends of it"},
};

/* --- conditions: about the last reply, or about texts --- */

static const char *const reply_types[] = {"json", "html", "xml", "text", "empty", NULL};

#define ABOUT_REPLY                                                                                \
    {.name = "status", .kind = RECIPE_STATUS, .way = REPLY_WAY},                                   \
        {.name = "type", .kind = RECIPE_CHOICE, .choices = reply_types, .way = REPLY_WAY},         \
        {.name = "header", .kind = RECIPE_HEADER_TEST, .way = REPLY_WAY},                          \
        {.name = "json", .kind = RECIPE_JSON_TEST, .way = REPLY_WAY},                              \
        {.name = "xml", .kind = RECIPE_XML_TEST, .way = REPLY_WAY},                                \
        {.name = "text", .kind = RECIPE_TEXT_TEST, .way = REPLY_WAY},                              \
    {                                                                                              \
        .name = "sent", .kind = RECIPE_TEMPLATE, .way = REPLY_WAY,                                 \
        .about = "the name of the step whose reply it is"                                          \
    }

#define REPLY_WAY true
static const struct recipe_member condition_members[] = {
    {.name = "equal", .kind = RECIPE_PAIR, .way = true},
    {.name = "variable", .kind = RECIPE_VARIABLE_TEST, .way = true},
    {.name = "decimals",
     .kind = RECIPE_PAIR,
     .way = true,
     .about = "the first, a number, has at most as many decimal places as the second says"},
    ABOUT_REPLY,
    {.name = "all", .kind = RECIPE_CONDITIONS, .way = true},
    {.name = "any", .kind = RECIPE_CONDITIONS, .way = true},
    {.name = "not", .kind = RECIPE_CONDITION, .way = true},
    {.name = "as", .kind = RECIPE_CHOICE, .choices = equal_as, .beside = "equal"},
};
#undef REPLY_WAY

static const struct recipe_member text_test_members[] = {
    COMPARISONS,
};

static const struct recipe_member variable_test_members[] = {
    {.name = "text", .kind = RECIPE_TEMPLATE, .required = true},
    COMPARISONS,
};

static const struct recipe_member header_test_members[] = {
    {.name = "name", .kind = RECIPE_TEXT, .required = true},
    {.name = "present", .kind = RECIPE_BOOL, .way = true},
    COMPARISONS,
};

static const char *const json_types[] = {"object", "list", "text", "number", NULL};

static const struct recipe_member json_test_members[] = {
    {.name = "at", .kind = RECIPE_POINTER, .required = true},
    {.name = "present",
     .kind = RECIPE_BOOL,
     .way = true,
     .about = "whether the value exists and is not null"},
    {.name = "is_a", .kind = RECIPE_CHOICE, .choices = json_types, .way = true},
    COMPARISONS,
};

static const struct recipe_member xml_test_members[] = {
    {.name = "at", .kind = RECIPE_CODE, .required = true, .about = "an XPath"},
    {.name = "present", .kind = RECIPE_BOOL, .way = true},
    COMPARISONS,
};

static const struct recipe_member xpaths_members[] = {
    {.name = "rows", .kind = RECIPE_CODE, .about = "an XPath of elements; without it, one object"},
    {.name = "fields",
     .kind = RECIPE_TEXTS,
     .required = true,
     .about = "XPaths by name, seen from the row"},
};

/* All that a rule names must hold. */
#define REPLY_WAY false
static const struct recipe_member rule_members[] = {
    ABOUT_REPLY,
    {.name = "when", .kind = RECIPE_CONDITION},
    {.name = "code", .kind = RECIPE_REASON, .required = true},
    {.name = "words", .kind = RECIPE_TEMPLATE},
    {.name = "wait_header", .kind = RECIPE_TEXT, .about = "has the seconds to wait"},
    {.name = "wait_between",
     .kind = RECIPE_BETWEEN,
     .about = "the texts around the seconds to wait"},
    {.name = "twice_s",
     .kind = RECIPE_SECONDS,
     .maximum = DAY_S,
     .about = "counts only when seen again so many seconds later; until then it is erp_busy"},
    {.name = "about", .kind = RECIPE_TEXT},
};
#undef REPLY_WAY

/* --- requests --- */

static const struct recipe_member pages_members[] = {
    {.name = "from", .kind = RECIPE_INTEGER, .way = true, .maximum = 1},
    {.name = "cursor", .kind = RECIPE_POINTER, .way = true},
    {.name = "next", .kind = RECIPE_POINTER, .way = true},
    {.name = "link", .kind = RECIPE_BOOL, .way = true},
    {.name = "step", .kind = RECIPE_INTEGER, .minimum = 1, .maximum = 100000, .beside = "from"},
};

static const char *const reply_wants[] = {"json", "text", "any", NULL};

#define REQUEST_MEMBERS(verb, about_it)                                                            \
    {.name = (verb), .kind = RECIPE_URL, .required = true, .about = (about_it)},                   \
        {.name = "headers", .kind = RECIPE_TYPED_VALUES}, {.name = "json", .kind = RECIPE_BODY},   \
        {.name = "form", .kind = RECIPE_TYPED_VALUES},                                             \
        {.name = "multipart", .kind = RECIPE_TYPED_VALUES},                                        \
        {.name = "body", .kind = RECIPE_TYPED}, {.name = "graphql", .kind = RECIPE_CODE},          \
        {.name = "variables", .kind = RECIPE_BODY, .beside = "graphql"},                           \
        {.name = "status", .kind = RECIPE_STATUS},                                                 \
        {.name = "reply", .kind = RECIPE_CHOICE, .choices = reply_wants},                          \
        {.name = "at", .kind = RECIPE_POINTER}, {.name = "xpath", .kind = RECIPE_XPATHS},          \
        {.name = "pages", .kind = RECIPE_PAGES},                                                   \
    {                                                                                              \
        .name = "into", .kind = RECIPE_NAME                                                        \
    }

static const struct recipe_member get_members[] = {REQUEST_MEMBERS("get", "a GET request")};
static const struct recipe_member post_members[] = {REQUEST_MEMBERS("post", "a POST request")};
static const struct recipe_member put_members[] = {REQUEST_MEMBERS("put", "a PUT request")};
static const struct recipe_member patch_members[] = {REQUEST_MEMBERS("patch", "a PATCH request")};
static const struct recipe_member delete_members[] = {
    REQUEST_MEMBERS("delete", "a DELETE request")};

/* --- the other steps --- */

static const struct recipe_member read_members[] = {
    {.name = "read",
     .kind = RECIPE_OR_NULL,
     .required = true,
     .about = "a part of a variable, or with null of the last reply, into a variable"},
    {.name = "at", .kind = RECIPE_POINTER},
    {.name = "header", .kind = RECIPE_TEXT},
    {.name = "between", .kind = RECIPE_BETWEEN, .about = "the text between two texts"},
    {.name = "number", .kind = RECIPE_NUMBER},
    {.name = "or", .kind = RECIPE_TEMPLATE, .about = "the value if there is none"},
    {.name = "into", .kind = RECIPE_NAME, .required = true},
};

static const struct recipe_member keep_members[] = {
    {.name = "keep",
     .kind = RECIPE_TYPED_VALUES,
     .required = true,
     .about = "values of the session, such as a token: {session.NAME}"},
    {.name = "for_s", .kind = RECIPE_TEMPLATE, .about = "after which it logs in again"},
};

static const struct recipe_member store_members[] = {
    {.name = "store",
     .kind = RECIPE_TYPED_VALUES,
     .required = true,
     .about = "values that outlive the session and the process, sealed on disk before the next "
              "request: {session.NAME}"},
};

static const struct recipe_member when_members[] = {
    {.name = "when", .kind = RECIPE_CONDITION, .required = true, .about = "then or else"},
    {.name = "then", .kind = RECIPE_STEPS},
    {.name = "else", .kind = RECIPE_STEPS},
};

static const struct recipe_member each_members[] = {
    {.name = "each",
     .kind = RECIPE_VARIABLE,
     .required = true,
     .about = "the rows of a list where the condition holds"},
    {.name = "as", .kind = RECIPE_NAME},
    {.name = "where", .kind = RECIPE_ROW_CONDITION},
    {.name = "do", .kind = RECIPE_ROW_STEPS, .required = true},
    {.name = "none", .kind = RECIPE_STEPS},
    {.name = "many", .kind = RECIPE_STEPS, .about = "where more than one row matches"},
    {.name = "only", .kind = RECIPE_BOOL},
};

static const struct recipe_member wait_members[] = {
    {.name = "wait",
     .kind = RECIPE_CONDITION,
     .required = true,
     .about = "repeats the steps until the condition holds"},
    {.name = "do", .kind = RECIPE_STEPS, .required = true},
    {.name = "every_s", .kind = RECIPE_SECONDS, .maximum = 600},
};

static const struct recipe_verb_row verbs[] = {
    {.shape = SHAPE(get_members)},
    {.shape = SHAPE(post_members), .acts = true},
    {.shape = SHAPE(put_members), .acts = true},
    {.shape = SHAPE(patch_members), .acts = true},
    {.shape = SHAPE(delete_members), .acts = true},
    {.shape = SHAPE(read_members)},
    {.shape = SHAPE(set_members)},
    {.shape = SHAPE(keep_members), .sections = RECIPE_IN_LOGIN | RECIPE_IN_PIECE},
    {.shape = SHAPE(store_members), .sections = RECIPE_IN_LOGIN | RECIPE_IN_PIECE},
    {.shape = SHAPE(wait_members)},
    {.shape = SHAPE(assert_members)},
    {.shape = SHAPE(when_members)},
    {.shape = SHAPE(each_members)},
    {.shape = SHAPE(call_members)},
    {.shape = SHAPE(found_step_members),
     .sections = RECIPE_IN_LOOKUP | RECIPE_IN_VERIFY | RECIPE_IN_PIECE},
    {.shape = SHAPE(known_members), .sections = RECIPE_IN_CHECK | RECIPE_IN_PIECE},
    {.shape = SHAPE(fail_members)},
};

static const struct recipe_shape shapes[] = {
    [RECIPE_OBJECT_HTTP_FILE] = SHAPE(file_members),
    [RECIPE_OBJECT_HTTP_CONDITION] = SHAPE(condition_members),
    [RECIPE_OBJECT_HTTP_RULE] = SHAPE(rule_members),
    [RECIPE_OBJECT_HTTP_TEXT_TEST] = SHAPE(text_test_members),
    [RECIPE_OBJECT_HTTP_VARIABLE_TEST] = SHAPE(variable_test_members),
    [RECIPE_OBJECT_HEADER_TEST] = SHAPE(header_test_members),
    [RECIPE_OBJECT_JSON_TEST] = SHAPE(json_test_members),
    [RECIPE_OBJECT_XML_TEST] = SHAPE(xml_test_members),
    [RECIPE_OBJECT_XPATHS] = SHAPE(xpaths_members),
    [RECIPE_OBJECT_PAGES] = SHAPE(pages_members),
    [RECIPE_OBJECT_ID_RULES] = SHAPE(id_rules_members),
};

const struct recipe_shape *
recipe_http_shape(enum recipe_object object)
{
    return &shapes[object];
}

const struct recipe_verb_row *
recipe_http_verb(size_t i)
{
    return i < sizeof verbs / sizeof *verbs ? &verbs[i] : NULL;
}
