/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-precreate - a config of any bytes through the filter
 *
 * What comes out is a config again that lacks nothing any more, and holds all that went in.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/grant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct facts_device nodes[] = {
    {"/dev/kvm", true, 'c', 10, 232, 0660, 0, 104},
    {"/dev/vhost-net", false, 0, 0, 0, 0, 0, 0},
    {"/dev/sda", true, 'b', 8, 0, 0660, 0, 6},
};

static const struct facts host = {.devices = nodes, .n_devices = sizeof(nodes) / sizeof(*nodes)};

static const char *more[] = {"/dev/sda"};
static const struct policy policy = {.add = {more, 1}};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz-precreate: %s\n", what);
	abort();
}

/* One pass. false: refused, with a proper message. */
static bool filter(struct text *out, struct grant *g, struct arena *a, const char *bytes,
		   size_t len)
{
	struct plan plan = {.arena = a};
	struct hypervisor_devices devices;
	struct oci_config c;
	struct error e = {0};

	if (oci_config_parse(&c, a, bytes, len, &e) == 0) {
		hypervisor_list(&devices, &policy, c.annotations, c.n_annotations, &plan);
		if (grant_decide(g, &plan, &c, &devices, &policy, &host, &e) == 0) {
			must(grant_apply(out, g, bytes, len, &e) == 0,
			     "a config that was read cannot be edited");
			return true;
		}
	}
	must(e.kind == ERROR_INPUT && e.text[0] && !strchr(e.text, '\n'), "no proper message");
	must(!out->len, "something was printed");
	return false;
}

/* Do all bytes of in stand in out, in their order? */
static bool holds_in_order(const struct text *out, const char *in, size_t n)
{
	const char *at = out->s, *end = out->s + out->len;

	for (size_t i = 0; i < n; i++) {
		at = memchr(at, in[i], (size_t)(end - at));
		if (!at)
			return false;
		at++;
	}
	return true;
}

/* A null may have made room; else nothing of the input is missing, and little was added. */
static void check_kept(const char *in, size_t n, const struct text *out, const struct grant *g)
{
	size_t added = strlen(g->nodes) + strlen(g->rules);

	must(out->len + 2 * strlen("null") >= n + added, "too much is missing");
	must(out->len <= n + added + 64, "too much was added");
	must(holds_in_order(out, in, n) || memmem(in, n, "null", 4), "something is missing");
	must(strstr(out->s, g->nodes) && strstr(out->s, g->rules), "the additions are missing");
	must(added || (out->len == n && !memcmp(out->s, in, n)), "changed, but nothing was added");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct text once = {0}, twice = {0};
	struct arena a = {0};
	struct grant g = {0};

	if (filter(&once, &g, &a, bytes, size)) {
		check_kept(bytes, size, &once, &g);
		must(filter(&twice, &g, &a, once.s, once.len), "the second pass was refused");
		must(!*g.nodes && !*g.rules, "something is still lacking");
		must(twice.len == once.len && !memcmp(twice.s, once.s, once.len),
		     "the second pass has changed something");
	}
	text_free(&once);
	text_free(&twice);
	arena_free(&a);
	return 0;
}
