/* XML replies, by XPath 1.0. libxml2 is loaded when the first recipe that needs it is used: a
 * worker whose ERP speaks JSON does without. Nothing is fetched, and a document with a type
 * definition, which could define entities, is none. */
#ifndef ERP_DRIVERS_HTTP_XML_H
#define ERP_DRIVERS_HTTP_XML_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct xml;

/* Must have been called before the worker's sandbox takes no more code, with the first request. */
void xml_load(void);

/* NULL: it is not well formed, or libxml2 is missing. */
struct xml *xml_parse(const char *text, size_t length);
void xml_free(struct xml *xml);

/* namespaces: URIs by prefix, may be NULL. The text of what an XPath finds first; the caller frees
 * it; NULL: nothing. */
char *xml_text(const struct xml *xml, const json_t *namespaces, const char *xpath);

/* An object of texts for each element that rows finds, by the XPaths of fields, seen from it; null
 * where one finds nothing. NULL: rows is no XPath of elements. rows NULL: the one object, of the
 * whole document. */
json_t *xml_rows(const struct xml *xml, const json_t *namespaces, const char *rows,
                 const json_t *fields);

#endif
