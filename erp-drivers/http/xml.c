/* The functions of libxml2 that are needed, by name. */
#include "erp-drivers/http/xml.h"

#include <dlfcn.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"

#define LIBRARY "libxml2.so.2"
#define OPTIONS (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)

#define FUNCTIONS(each)                                                                            \
    each(xmlReadMemory) each(xmlFreeDoc) each(xmlGetIntSubset) each(xmlXPathNewContext)            \
        each(xmlXPathFreeContext) each(xmlXPathRegisterNs) each(xmlXPathEvalExpression)            \
            each(xmlXPathFreeObject) each(xmlXPathCastToString) each(xmlSetStructuredErrorFunc)

static struct {
#define POINTER(name) __typeof__(name) *(name);
    FUNCTIONS(POINTER)
#undef POINTER
    bool loaded;
} api;

/* xmlFree is a variable of the library's. */
static xmlFreeFunc *free_text;

struct xml {
    xmlDocPtr document;
};

static void
ignore(void *arg, xmlErrorPtr error)
{
    (void)arg;
    (void)error;
}

void
xml_load(void)
{
    void *library = api.loaded ? NULL : dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    bool whole = library;

    if (!library)
        return;
#define BIND(name) whole = (*(void **)&api.name = dlsym(library, #name)) && whole;
    FUNCTIONS(BIND)
#undef BIND
    free_text = dlsym(library, "xmlFree");
    api.loaded = whole && free_text;
    if (api.loaded)
        api.xmlSetStructuredErrorFunc(NULL, ignore);
}

struct xml *
xml_parse(const char *text, size_t length)
{
    xmlDocPtr document =
        api.loaded ? api.xmlReadMemory(text, (int)length, "reply", NULL, OPTIONS) : NULL;
    struct xml *xml;

    if (document && api.xmlGetIntSubset(document)) {
        api.xmlFreeDoc(document);
        document = NULL;
    }
    if (!document)
        return NULL;
    xml = mem_alloc(sizeof *xml);
    xml->document = document;
    return xml;
}

void
xml_free(struct xml *xml)
{
    if (xml)
        api.xmlFreeDoc(xml->document);
    free(xml);
}

/* --- XPath --- */

static xmlXPathContextPtr
context_new(const struct xml *xml, const json_t *namespaces)
{
    xmlXPathContextPtr context = api.xmlXPathNewContext(xml->document);
    const char *prefix;
    json_t *uri;

    if (!context)
        die_abort("out of memory");
    json_object_foreach((json_t *)namespaces, prefix, uri)
    {
        api.xmlXPathRegisterNs(context, (const xmlChar *)prefix,
                               (const xmlChar *)json_string_value(uri));
    }
    return context;
}

static bool
is_empty(const xmlXPathObject *object)
{
    return object->type == XPATH_NODESET && (!object->nodesetval || !object->nodesetval->nodeNr);
}

static char *
text_at(xmlXPathContextPtr context, xmlNodePtr node, const char *xpath)
{
    xmlXPathObjectPtr object;
    xmlChar *found = NULL;
    char *text = NULL;

    context->node = node;
    object = api.xmlXPathEvalExpression((const xmlChar *)xpath, context);
    if (object && !is_empty(object))
        found = api.xmlXPathCastToString(object);
    if (found)
        text = mem_string((const char *)found);
    if (found)
        (*free_text)(found);
    if (object)
        api.xmlXPathFreeObject(object);
    return text;
}

char *
xml_text(const struct xml *xml, const json_t *namespaces, const char *xpath)
{
    xmlXPathContextPtr context = context_new(xml, namespaces);
    char *text = text_at(context, (xmlNodePtr)xml->document, xpath);

    api.xmlXPathFreeContext(context);
    return text;
}

static json_t *
row_of(xmlXPathContextPtr context, xmlNodePtr node, const json_t *fields)
{
    json_t *row = json_object(), *xpath;
    const char *name;

    json_object_foreach((json_t *)fields, name, xpath)
    {
        char *text = text_at(context, node, json_string_value(xpath));
        json_t *value = text ? json_string(text) : NULL;

        json_object_set_new(row, name, value ? value : json_null());
        free(text);
    }
    return row;
}

static json_t *
all_rows(xmlXPathContextPtr context, const char *rows, const json_t *fields)
{
    xmlXPathObjectPtr object = api.xmlXPathEvalExpression((const xmlChar *)rows, context);
    json_t *list = object && object->type == XPATH_NODESET ? json_array() : NULL;

    for (int i = 0; list && !is_empty(object) && i < object->nodesetval->nodeNr; i++)
        json_array_append_new(list, row_of(context, object->nodesetval->nodeTab[i], fields));
    if (object)
        api.xmlXPathFreeObject(object);
    return list;
}

json_t *
xml_rows(const struct xml *xml, const json_t *namespaces, const char *rows, const json_t *fields)
{
    xmlXPathContextPtr context = context_new(xml, namespaces);
    json_t *value =
        rows ? all_rows(context, rows, fields) : row_of(context, (xmlNodePtr)xml->document, fields);

    api.xmlXPathFreeContext(context);
    return value;
}
