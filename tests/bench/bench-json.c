/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-json - what json_parse costs on top of yajl
 *
 * A config.json of 1 MiB, nearly all of which nobody asks for, is read with the
 * keep list of config.c and by yajl's bare callback parser with empty callbacks.
 * The two take turns, so that a machine that changes its pace changes both; the
 * medians are compared. Exit 1 above the budget.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <yajl/yajl_parse.h>

#include "oci/json.h"
#include "oci/text.h"

enum { DOCUMENT_BYTES = 1 << 20, ROUNDS = 301 };

static const double budget = 1.30;

/* --- the document, as engines write it: one line --- */

static void put_env(struct text *t, unsigned n)
{
	text_puts(t, "\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\"");
	for (unsigned i = 0; i < n; i++)
		text_printf(t, ",\"SERVICE_%u_PORT_%u_TCP_ADDR=tcp://10.96.%u.%u:443\"", i, i % 9,
			    i / 250, i % 250);
	text_puts(t, "]");
}

static void put_mounts(struct text *t, unsigned n)
{
	text_puts(t,
		  "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}");
	for (unsigned i = 0; i < n; i++)
		text_printf(t,
			    ",{\"destination\":\"/var/run/secrets/volume-%u\",\"type\":\"bind\","
			    "\"source\":\"/var/lib/kubelet/pods/%08x-5d7c/volumes/secret/%u\","
			    "\"options\":[\"rbind\",\"rprivate\",\"ro\"]}",
			    i, i * 2654435761U, i);
	text_puts(t, "]");
}

static void put_seccomp(struct text *t, unsigned n)
{
	static const char *const calls[] = {"accept4",        "clock_gettime", "epoll_pwait",
					    "fchownat",       "getrandom",     "openat",
					    "rt_sigprocmask", "write"};

	text_puts(t, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
		     "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X32\"],\"syscalls\":[");
	for (unsigned i = 0; i < n; i++) {
		text_printf(t, "%s{\"names\":[\"read\"", i ? "," : "");
		for (unsigned k = 0; k < 24; k++)
			text_printf(t, ",\"%s\"", calls[(i + k) % 8]);
		text_printf(t,
			    "],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":%u,"
			    "\"op\":\"SCMP_CMP_EQ\"}]}",
			    i);
	}
	text_puts(t, "]}");
}

static void put_labels(struct text *t, unsigned n)
{
	text_puts(t, "\"vm\":{\"labels\":{\"first\":\"\"");
	for (unsigned i = 0; i < n; i++)
		text_printf(t, ",\"io.kubernetes.pod.label/%u\":\"value of the label %u\"", i, i);
	text_puts(t, "}}");
}

static void put_document(struct text *t)
{
	text_puts(t, "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"sleep\"],\"cwd\":\"/\",");
	put_env(t, 3400);
	text_puts(t, "},\"root\":{\"path\":\"rootfs\"},");
	put_mounts(t, 2000);
	text_puts(t,
		  ",\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\"},"
		  "\"linux\":{\"cgroupsPath\":\"/kubepods/pod1/c1\",\"resources\":{"
		  "\"memory\":{\"limit\":536870912,\"swap\":536870912},"
		  "\"cpu\":{\"shares\":1024,\"quota\":200000,\"period\":100000},"
		  "\"pids\":{\"limit\":4096},\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
		  "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}],");
	put_seccomp(t, 795);
	text_puts(t, "},");
	put_labels(t, 4000);
	/* A name of the right length brings it to the size. */
	text_puts(t, ",\"hostname\":\"");
	while (t->len < DOCUMENT_BYTES - 2)
		text_puts(t, "x");
	text_puts(t, "\"}");
}

/* --- the two runs --- */

static int see_nothing(void *ctx)
{
	(void)ctx;
	return 1;
}

static int see_boolean(void *ctx, int truth)
{
	(void)truth;
	return ctx == NULL;
}

static int see_number(void *ctx, const char *s, size_t len)
{
	(void)s;
	(void)len;
	return ctx == NULL;
}

static int see_string(void *ctx, const unsigned char *s, size_t len)
{
	(void)s;
	(void)len;
	return ctx == NULL;
}

static const yajl_callbacks nothing = {see_nothing, see_boolean, NULL,        NULL,
				       see_number,  see_string,  see_nothing, see_string,
				       see_nothing, see_nothing, see_nothing};

static void run_yajl(const struct text *t)
{
	yajl_handle h = yajl_alloc(&nothing, NULL, NULL);

	if (!h || yajl_parse(h, (const unsigned char *)t->s, t->len) != yajl_status_ok ||
	    yajl_complete_parse(h) != yajl_status_ok) {
		fputs("json: yajl refuses the document\n", stderr);
		exit(1);
	}
	yajl_free(h);
}

static void run_ours(const struct text *t)
{
	static const char *const keep[] = {"/linux/cgroupsPath", "/linux/resources",
					   "/linux/devices", "/annotations", NULL};
	static const struct json_options o = {.name = "config.json", .keep = keep};
	struct arena a = {0};
	struct json *root;
	struct error e;

	if (json_parse(&root, NULL, &a, t->s, t->len, &o, &e) < 0) {
		fprintf(stderr, "json: %s\n", e.text);
		exit(1);
	}
	arena_free(&a);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t measure(void (*run)(const struct text *), const struct text *t)
{
	uint64_t start = now_ns();

	run(t);
	return now_ns() - start;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	static uint64_t ours[ROUNDS], yajl[ROUNDS];
	struct text t = {0};
	double ratio;

	put_document(&t);
	if (t.len != DOCUMENT_BYTES) {
		fprintf(stderr, "json: the document has %zu bytes, not 1 MiB\n", t.len);
		return 1;
	}
	for (size_t i = 0; i < ROUNDS; i++) {
		yajl[i] = measure(run_yajl, &t);
		ours[i] = measure(run_ours, &t);
	}
	qsort(ours, ROUNDS, sizeof(*ours), compare);
	qsort(yajl, ROUNDS, sizeof(*yajl), compare);
	ratio = (double)ours[ROUNDS / 2] / (double)yajl[ROUNDS / 2];
	printf("json: 1 MiB config, %" PRIu64 " us against %" PRIu64
	       " us of yajl's bare pass, ratio %.2f (budget %.2f)\n",
	       ours[ROUNDS / 2] / 1000, yajl[ROUNDS / 2] / 1000, ratio, budget);
	text_free(&t);
	return ratio > budget;
}
