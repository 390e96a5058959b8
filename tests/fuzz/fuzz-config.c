/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-config - any bytes to a config; what is accepted keeps the promises of its headers
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/config.h"
#include "oci/resources_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-config: %s\n", what);
	abort();
}

static void check_rule(const struct oci_device_rule *r)
{
	must(strchr("abc", r->type) && r->type, "a rule has no type");
	must(r->major >= OCI_ANY && r->major <= 4095, "a major is out of range");
	must(r->minor >= OCI_ANY && r->minor <= 1048575, "a minor is out of range");
	must(r->access && !(r->access & ~(unsigned)OCI_RWM), "a rule has no access");
}

static void check_blkio(const struct oci_blkio *b)
{
	must(b->weight.v <= UINT16_MAX && b->leaf_weight.v <= UINT16_MAX,
	     "a weight is out of range");
	for (size_t i = 0; i < b->n_weight_device; i++)
		must(b->weight_device[i].weight.set || b->weight_device[i].leaf_weight.set,
		     "a weight is missing");
	for (int k = 0; k < OCI_N_THROTTLES; k++)
		for (size_t i = 0; i < b->n_throttle[k]; i++)
			must(b->throttle[k][i].major >= 0 && b->throttle[k][i].minor >= 0,
			     "a throttle has no device");
}

static void check_config(const struct oci_config *c)
{
	const struct oci_resources *r = &c->resources;

	must(!strcmp(r->base, "/linux/resources"), "the base is wrong");
	for (size_t i = 0; i < r->n_devices; i++)
		check_rule(&r->devices[i]);
	check_blkio(&r->blkio);
	for (size_t i = 0; i < r->n_rdma; i++)
		must(r->rdma[i].handles.set || r->rdma[i].objects.set, "an entry is empty");
	for (size_t i = 0; i < r->n_hugepages; i++)
		must(r->hugepages[i].page_size != NULL, "a page size is missing");
	for (size_t i = 0; i < r->n_unified; i++)
		must(r->unified[i].key && r->unified[i].value, "a value is missing");
	for (size_t i = 0; i < c->n_devices; i++)
		must(c->devices[i].path && strchr("bcup", c->devices[i].type),
		     "a node has no type");
}

/* The same text again does not say that the first was complete; of that, what counts most. */
static void check_same(const struct oci_resources *x, const struct oci_resources *y)
{
	const struct oci_blkio *b = &x->blkio, *c = &y->blkio;

	must(x->n_devices == y->n_devices && x->n_unified == y->n_unified &&
		 x->n_hugepages == y->n_hugepages && x->n_rdma == y->n_rdma &&
		 x->network.n_priorities == y->network.n_priorities &&
		 b->n_weight_device == c->n_weight_device,
	     "an entry was lost");
	for (int k = 0; k < OCI_N_THROTTLES; k++)
		must(b->n_throttle[k] == c->n_throttle[k], "a throttle was lost");
	for (size_t i = 0; i < x->n_devices; i++) {
		const struct oci_device_rule *r = &x->devices[i], *s = &y->devices[i];

		must(r->allow == s->allow && r->type == s->type && r->major == s->major &&
			 r->minor == s->minor && r->access == s->access,
		     "a rule means something else");
	}
	for (size_t i = 0; i < x->n_unified; i++)
		must(!strcmp(x->unified[i].key, y->unified[i].key) &&
			 !strcmp(x->unified[i].value, y->unified[i].value),
		     "a file or its value is another");
}

/* What was accepted can be written, read and written again, and is the same. */
static void check_written(const struct oci_resources *r, struct arena *a)
{
	static const struct json_options o = {.name = "written"};
	struct text first = {0}, second = {0};
	struct jsonw w = {.out = &first};
	struct oci_resources again = {0};
	struct json *root;
	struct error e = {0};

	oci_resources_json(&w, NULL, r);
	if (json_parse(&root, NULL, a, first.s, first.len, &o, &e) < 0 ||
	    oci_resources_read(&again, root, a, &e) < 0)
		must(false, e.text);
	check_same(r, &again);
	w = (struct jsonw){.out = &second};
	oci_resources_json(&w, NULL, &again);
	must(!strcmp(first.s, second.s), "what was written reads as something else");
	text_free(&first);
	text_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_config c = {0};
	struct arena a = {0};
	struct error e = {0};

	if (oci_config_parse(&c, &a, (const char *)data, size, &e) < 0) {
		must(e.kind == ERROR_INPUT && e.text[0] && !strchr(e.text, '\n'),
		     "no proper message");
		must(!c.resources.base, "the output was touched");
	} else {
		check_config(&c);
		check_written(&c.resources, &a);
	}
	arena_free(&a);
	return 0;
}
