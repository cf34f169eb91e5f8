/* Recipes: what a browser does on an ERP's pages, one JSON file per ERP (format version 1; to write
 * one, see erp-drivers/recipes/README.md).
 *
 * Owns the shape of the file: sections, steps, conditions, locators, and where each may occur. The
 * engine relies on recipe_check and checks nothing again. */
#ifndef COMMON_RECIPE_RECIPE_H
#define COMMON_RECIPE_RECIPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json/faults.h"
#include "common/template/template.h"

#define RECIPE_PIECES_MAX 1000
#define RECIPE_TIMEOUT_S 15
#define RECIPE_SETTLE_S 30
#define RECIPE_RECYCLE_ORDERS 100
#define RECIPE_RECYCLE_S 3600
#define RECIPE_IDLE_S 300
#define RECIPE_PAGE_LOAD_S 30
#define RECIPE_REQUEST_S 30 /* timeout_s of an API's request */

/* Adds each fault; returns whether there was none. */
bool recipe_check(const json_t *recipe, const char *file, struct json_faults *faults);

/* Reads and checks a file. NULL with *faults; the caller owns the result. */
json_t *recipe_read(const char *path, struct json_faults *faults);

/* The file of a recipe of this name: a path, or a name that is looked up in the folder (NULL: in
 * none), then among the shipped recipes. NULL: not found; the caller frees it. */
char *recipe_find(const char *folder, const char *name);

/* All recipes that have a name, as recipe_find would find them: {NAME: PATH}; the caller owns it.
 */
#define RECIPES_LISTED_MAX 1000
json_t *recipe_list(const char *folder);

/* What is wrong with a file, or to be known about it: {"file", "sound", "faults": [{"file",
 * "pointer", "detail", "line", "column"}], "notes": [text]}, and "kind", "http" or "webdriver", if
 * it is sound. The caller owns it. */
json_t *recipe_report(const char *path);

/* Whether a workshop's options (an object, may be NULL) are what the recipe requires; a fault's
 * pointer starts with that of the object that has them as its member "options". */
void recipe_check_options(const json_t *recipe, const json_t *options, const char *file,
                          const char *pointer, struct json_faults *faults);

/* An integer member of an object (NULL: no object); fallback if it is absent. */
int64_t recipe_number(const json_t *object, const char *name, int64_t fallback);

/* Whether it is for an HTTP API, not for pages. */
bool recipe_is_http(const json_t *recipe);

/* The verb of a checked step; http: of a recipe for an HTTP API. */
const char *recipe_verb(bool http, const json_t *step);

/* Whether the recipe can distinguish a line of this uniqueid from every other; else wrong says why
 * not. */
#define RECIPE_WRONG_BYTES 256
bool recipe_id_fits(const json_t *recipe, const char *uniqueid, char wrong[RECIPE_WRONG_BYTES]);

/* The ids that it cannot distinguish, described for people: an array of texts; the caller owns it.
 */
json_t *recipe_id_notes(const json_t *recipe);

/* Whether the rows of an `each` are lines of our id, and nothing else: it compares the id, or
 * reports its only row as found. */
bool recipe_each_is_of_id(const json_t *recipe, const json_t *each);

/* Whether its look-up names the order's worksheet, and so may see only that worksheet. */
bool recipe_looks_in_worksheet(const json_t *recipe);

/* Whether its login stores a token that takes the place of the password. */
bool recipe_stores(const json_t *recipe);

/* "Ctrl+Shift+S" as WebDriver's code points: modifiers first, the key last. */
#define RECIPE_KEYS_MAX 5
struct recipe_keys {
    uint32_t codes[RECIPE_KEYS_MAX];
    size_t count;
};
bool recipe_keys_parse(const char *text, struct recipe_keys *keys);

/* {"decimal": ",", "group": "."}; NULL: a plain decimal. */
struct number_format recipe_number_format(const json_t *format);

#endif
