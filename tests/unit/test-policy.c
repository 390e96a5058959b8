/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-policy - the administrator's file: what it may say, and every refusal
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/policy.h"
#include "oci/text.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* want: the policy as words, or "! " and a part of the message. */
static const struct {
	const char *in, *want;
} rows[] = {
    {"{}", ""},
    {"{\"devices\": {}, \"annotations\": []}", ""},
    {"{\"devices\": null, \"root\": null, \"join\": null}", ""},
    {"{\"devices\": {\"add\": [\"/dev/a\", \"/dev/b\"]}}", "add=/dev/a add=/dev/b "},
    {"{\"devices\": {\"remove\": [\"/dev/vfio/vfio\", \"/dev/mshv\"]}}",
     "remove=/dev/vfio/vfio remove=/dev/mshv "},
    {"{\"devices\": {\"require\": [\"/dev/a\"]}}", "require=/dev/a "},
    {"{\"devices\": {\"deny\": [\"/dev/a\"]}}", "deny=/dev/a "},
    {"{\"devices\": {\"permit\": [\"/dev/vfio/*\"]}}", "permit=/dev/vfio/* "},
    {"{\"annotations\": [\"io.vmcg.devices\", \"io.vmcg.vm-pid-file\"]}",
     "annotation=io.vmcg.devices annotation=io.vmcg.vm-pid-file "},
    {"{\"rootless\": \"warn\", \"on_stop\": \"move\", \"join\": false}", ""},
    {"{\"rootless\": \"require\"}", "require-delegation "},
    {"{\"on_stop\": \"kill\"}", "kill "},
    {"{\"join\": true}", "join "},
    {"{\"manager\": \"auto\"}", "manager=auto "},
    {"{\"manager\": \"cgroupfs\"}", "manager=cgroupfs "},
    {"{\"manager\": \"systemd\"}", "manager=systemd "},
    {"{\"root\": \"/run/x\"}", "root=/run/x "},

    {"", "! policy"},
    {"[]", "! the policy is not an object"},
    {"null", "! the policy is not an object"},
    {"{} {}", "! policy:1"},
    {"{\n\"join\": true,\n\"device\": {}}", "! policy:3: /device"},
    {"{\"devices\": {\"added\": []}}", "! /devices/added"},
    {"{\"devices\": []}", "! /devices"},
    {"{\"devices\": {\"add\": \"/dev/a\"}}", "! /devices/add"},
    {"{\"devices\": {\"add\": [1]}}", "! /devices/add/0: expected a string"},
    {"{\"devices\": {\"deny\": [\"/dev/a\", \"dev/b\"]}}",
     "! /devices/deny/1: \"dev/b\" is not an absolute path"},
    {"{\"devices\": {\"permit\": [\"\"]}}", "! \"\" is not an absolute path"},
    {"{\"annotations\": [\"a\", null]}", "! /annotations/1: expected a string"},
    {"{\"annotations\": \"a\"}", "! /annotations"},
    {"{\"annotations\": [\"io.vmcg.devices\", \"io.vmcg.device\"]}",
     "! /annotations/1: \"io.vmcg.device\" is no annotation that vmcg acts on; these are: "
     "io.vmcg.vm-pid-file, io.vmcg.devices"},
    {"{\"annotations\": [\"\"]}", "! /annotations/0: \"\" is no annotation"},
    {"{\"devices\": {\"remove\": [\"/dev/kvm\", \"/dev/vhost_net\"]}}",
     "! /devices/remove/1: \"/dev/vhost_net\" is no built-in device; these are: /dev/kvm, "
     "/dev/mshv, /dev/vhost-net, /dev/vhost-vsock, /dev/vfio/vfio"},
    {"{\"rootless\": \"yes\"}", "! /rootless: \"yes\" is neither \"warn\" nor \"require\""},
    {"{\"rootless\": true}", "! /rootless"},
    {"{\"on_stop\": \"stop\"}", "! /on_stop: \"stop\" is neither \"move\" nor \"kill\""},
    {"{\"manager\": \"Systemd\"}", "! /manager: \"Systemd\" is none of auto, cgroupfs, systemd"},
    {"{\"join\": \"true\"}", "! /join"},
    {"{\"root\": \"run\"}", "! /root: \"run\" is not an absolute path"},
    {"{\"join\": true, \"join\": false}", "! the name \"join\" stands twice"},
};

static void put_list(struct text *out, const char *name, const struct policy_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		text_printf(out, "%s=%s ", name, list->items[i]);
}

static void render(struct text *out, const struct policy *p)
{
	text_puts(out, "");
	put_list(out, "add", &p->add);
	put_list(out, "remove", &p->remove);
	put_list(out, "require", &p->require);
	put_list(out, "deny", &p->deny);
	put_list(out, "permit", &p->permit);
	put_list(out, "annotation", &p->annotations);
	text_puts(out, p->rootless_require ? "require-delegation " : "");
	text_puts(out, p->kill ? "kill " : "");
	text_puts(out, p->join ? "join " : "");
	if (p->manager)
		text_printf(out, "manager=%s ", p->manager);
	if (p->root)
		text_printf(out, "root=%s ", p->root);
}

static void test_parse(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = {0};
		struct error e = {0};
		struct policy p = {.root = "untouched"};
		struct text got = {0};
		const char *want = rows[i].want;
		bool ok;

		if (policy_parse(&p, &a, rows[i].in, strlen(rows[i].in), &e) == 0) {
			render(&got, &p);
			ok = strcmp(got.s, want) == 0;
		} else {
			assert_string_equal(p.root, "untouched");
			text_printf(&got, "! %s", e.text);
			ok = want[0] == '!' && strstr(e.text, want + 2) && e.kind == ERROR_INPUT;
		}
		if (!ok) {
			print_error("%s\n  want %s\n  got  %s\n", rows[i].in, want, got.s);
			wrong++;
		}
		text_free(&got);
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

/* An unknown name is answered with the known ones. */
static void test_unknown_name_lists_the_known(void **state)
{
	struct arena a = {0};
	struct error e = {0};
	struct policy p;

	(void)state;
	assert_int_equal(policy_parse(&p, &a, "{\"on-stop\": \"kill\"}", 19, &e), -1);
	assert_non_null(strstr(e.text, "on_stop"));
	assert_non_null(strstr(e.text, "annotations"));
	arena_free(&a);
}

static const struct {
	const char *pattern, *item;
	bool want;
} patterns[] = {
    {"/dev/vfio/*", "/dev/vfio/12", true},
    {"/dev/vfio/*", "/dev/vfio/a/b", false}, /* a star is no slash */
    {"/dev/vfio/*", "/dev/vfio/", true},
    {"/dev/vfio/*", "/dev/vfio", false},
    {"/dev/*", "/dev/vfio/12", false},
    {"/dev/*", "/dev/.hidden", false},
    {"/dev/vfio/[0-9]", "/dev/vfio/7", true},
    {"/dev/vfio/[0-9]", "/dev/vfio/77", false},
    {"/dev/vfio/?", "/dev/vfio/x", true},
    {"/dev/sda", "/dev/sda1", false}, /* the whole item */
    {"/dev/sda", "/dev/sda", true},
    {"/dev/*", "/dev/../etc/passwd", false},
};

static void test_permits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(patterns); i++) {
		const char *items[] = {"/other", patterns[i].pattern};
		const struct policy_list list = {items, 2};

		if (policy_permits(&list, patterns[i].item) != patterns[i].want)
			fail_msg("%s on %s: want %d", patterns[i].pattern, patterns[i].item,
				 patterns[i].want);
	}
	assert_false(policy_permits(&(const struct policy_list){0}, "/dev/sda"));
}

static void test_lists(void **state)
{
	const char *items[] = {"a", "b*"};
	const struct policy_list list = {items, 2};

	(void)state;
	assert_true(policy_lists(&list, "a"));
	assert_true(policy_lists(&list, "b*"));
	assert_false(policy_lists(&list, "bc")); /* no pattern here */
	assert_false(policy_lists(&(const struct policy_list){0}, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_unknown_name_lists_the_known),
	    cmocka_unit_test(test_permits),
	    cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
