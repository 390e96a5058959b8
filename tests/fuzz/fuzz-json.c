/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-json - any bytes to a tree
 *
 * Beyond not crashing: what is accepted with everything built is accepted with
 * nothing built and the other way round, with the same message; and what was
 * built, written again, is accepted and gives the same text once more.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/json.h"
#include "oci/jsonw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(struct jsonw *w, const char *key, const struct json *n)
{
	switch (n->type) {
	case JSON_NULL: jsonw_null(w, key); return;
	case JSON_BOOL: jsonw_bool(w, key, n->truth); return;
	case JSON_NUMBER: /* the digits, as they are all that is known */
	case JSON_STRING: jsonw_string(w, key, n->text); return;
	case JSON_ARRAY: jsonw_array(w, key); break;
	case JSON_OBJECT: jsonw_object(w, key); break;
	}
	for (const struct json *m = n->first; m; m = m->next)
		write_again(w, n->type == JSON_OBJECT ? m->key : NULL, m);
	if (n->type == JSON_ARRAY)
		jsonw_end_array(w);
	else
		jsonw_end_object(w);
}

/* Parse and write; NULL with e when refused. */
static char *rewrite(const char *bytes, size_t len, const struct json_options *o, bool pretty,
		     struct error *e)
{
	struct text t = {0};
	struct jsonw w = {.out = &t, .pretty = pretty};
	struct arena a = {0};
	struct json *root;

	if (json_parse(&root, NULL, &a, bytes, len, o, e) == 0)
		write_again(&w, NULL, root);
	arena_free(&a);
	return t.s;
}

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-json: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keep[] = {"/linux/resources", "/a~1b", NULL};
	static const struct json_options all = {.name = "doc"};
	static const struct json_options some = {.name = "doc", .keep = keep};
	static const struct json_options many = {.name = "doc", .keep = keep, .many = true};
	struct error e = {0}, e_some = {0}, e_many = {0};
	char *first = rewrite((const char *)data, size, &all, true, &e);
	char *other = rewrite((const char *)data, size, &some, false, &e_some);

	must(!first == !other, "the keep list decides what is accepted");
	must(!strcmp(e.text, e_some.text), "the keep list changes the message");
	must(first || (e.kind == ERROR_INPUT && !strchr(e.text, '\n')), "no proper message");
	free(other);
	other = rewrite((const char *)data, size, &many, false, &e_many);
	must(!first || other, "one document is less than many");
	free(other);
	if (first) {
		other = rewrite(first, strlen(first), &all, true, &e);
		must(other != NULL, "what was written is refused");
		must(!strcmp(first, other), "what was written reads differently");
		free(other);
	}
	free(first);
	return 0;
}
