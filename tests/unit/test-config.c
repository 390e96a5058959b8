/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-config - the corner of config.json that is read, and the rest that is not
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oci/config.h"
#include "oci/text.h"

static void describe(struct text *t, const char *doc)
{
	struct oci_config c = {.cgroups_path = "untouched"};
	struct arena a = {0};
	struct error e;

	text_puts(t, "");
	if (oci_config_parse(&c, &a, doc, strlen(doc), &e) < 0) {
		assert_int_equal(e.kind, ERROR_INPUT);
		assert_string_equal(c.cgroups_path, "untouched");
		text_puts(t, e.text);
		arena_free(&a);
		return;
	}
	assert_string_equal(c.resources.base, "/linux/resources");
	if (c.cgroups_path)
		text_printf(t, " path='%s'", c.cgroups_path);
	if (c.resources.memory.limit.set)
		text_printf(t, " limit=%" PRId64, c.resources.memory.limit.v);
	if (c.resources.n_devices)
		text_printf(t, " rules=%zu", c.resources.n_devices);
	for (size_t i = 0; i < c.n_devices; i++)
		text_printf(t, " %s=%c %" PRId64 ":%" PRId64, c.devices[i].path, c.devices[i].type,
			    c.devices[i].major, c.devices[i].minor);
	for (size_t i = 0; i < c.n_annotations; i++)
		text_printf(t, " %s:%s", c.annotations[i].key, c.annotations[i].value);
	arena_free(&a);
}

#define NODE_TYPES                                                                                \
	" is no type of a device node; it is \"b\" (block), \"c\" or \"u\" (character) or \"p\" " \
	"(named pipe)"

static const struct {
	const char *doc, *want;
} rows[] = {
    {"{}", ""},
    {"{\"linux\":null,\"annotations\":null}", ""},
    {"{\"linux\":{}}", ""},
    {"{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"sh\"],\"resources\":5},"
     "\"linux\":{\"cgroupsPath\":\"/vmcg/demo\",\"resources\":{\"memory\":{\"limit\":536870912},"
     "\"devices\":[{\"allow\":false}]},\"seccomp\":{\"syscalls\":[{\"names\":[\"read\"]}]},"
     "\"devices\":[{\"path\":\"/dev/kvm\",\"type\":\"c\",\"major\":10,\"minor\":232,"
     "\"fileMode\":438,\"uid\":0}]},\"annotations\":{\"z\":\"1\",\"a\":\"2\"}}",
     " path='/vmcg/demo' limit=536870912 rules=1 /dev/kvm=c 10:232 z:1 a:2"},
    {"{\"linux\":{\"cgroupsPath\":\"\"}}", " path=''"},
    {"{\"linux\":{\"cgroupsPath\":\"a.slice:b:c\"}}", " path='a.slice:b:c'"},
    {"{\"linux\":{\"devices\":[{\"path\":\"/p\",\"type\":\"p\",\"major\":1},{\"path\":\"/u\","
     "\"type\":\"u\",\"major\":0,\"minor\":0},{\"path\":\"/b\",\"type\":\"b\",\"major\":4095,"
     "\"minor\":1048575}]}}",
     " /p=p 0:0 /u=u 0:0 /b=b 4095:1048575"},
    /* what is not read may say what it likes */
    {"{\"process\":5,\"mounts\":{},\"hooks\":null,\"linux\":{\"namespaces\":\"x\"}}", ""},
    /* refused */
    {"", "config.json: the document is empty"},
    {"[]", "config.json:1: this is an array, expected an object"},
    {"{} {}", "config.json:1: there is more text behind the end of the document"},
    {"{\"linux\":5}", "config.json:1: /linux: 5 is a number, expected an object"},
    {"{\"linux\":[]}", "config.json:1: /linux: this is an array, expected an object"},
    {"{\"annotations\":[]}", "config.json:1: /annotations: this is an array, expected an object"},
    {"{\"annotations\":{\"a\":1}}",
     "config.json:1: /annotations/a: the value of an annotation must be a string"},
    {"{\n\"linux\":{\n\"cgroupsPath\":\n7}}",
     "config.json:4: /linux/cgroupsPath: 7 is a number, expected a string"},
    {"{\"linux\":{\"resources\":{\"memory\":{\"limit\":\n\"512M\"}}}}",
     "config.json:2: /linux/resources/memory/limit: \"512M\" is a string, expected an integer"},
    {"{\"linux\":{\"resources\":[]}}",
     "config.json:1: /linux/resources: this is an array, expected an object"},
    {"{\"linux\":{\"devices\":{}}}",
     "config.json:1: /linux/devices: this is an object, expected an array"},
    {"{\"linux\":{\"devices\":[{\"type\":\"c\",\"major\":1,\"minor\":1}]}}",
     "config.json:1: /linux/devices/0: \"path\" is missing"},
    {"{\"linux\":{\"devices\":[{\"path\":\"/x\"}]}}",
     "config.json:1: /linux/devices/0: \"type\" is missing"},
    {"{\"linux\":{\"devices\":[{\"path\":\"/x\",\"type\":\"c\",\"major\":1}]}}",
     "config.json:1: /linux/devices/0: \"minor\" is missing"},
    {"{\"linux\":{\"devices\":[{\"path\":\"/x\",\"type\":\"c\",\"minor\":1}]}}",
     "config.json:1: /linux/devices/0: \"major\" is missing"},
    {"{\"linux\":{\"devices\":[{\"path\":\"/x\",\"type\":\"a\",\"major\":1,\"minor\":1}]}}",
     "config.json:1: /linux/devices/0/type: \"a\"" NODE_TYPES},
    {"{\"linux\":{\"devices\":[{\"path\":\"/x\",\"type\":\"\",\"major\":1,\"minor\":1}]}}",
     "config.json:1: /linux/devices/0/type: \"\"" NODE_TYPES},
    {"{\"linux\":{\"devices\":[{\"path\":\"/x\",\"type\":\"b\",\"major\":4096,\"minor\":1}]}}",
     "config.json:1: /linux/devices/0/major: 4096 is out of range (0..4095)"},
    /* refused in a part that is not read */
    {"{\"process\":{\"env\":[\"A=\\u0000\"]}}",
     "config.json:1: /process/env/0: the string holds a NUL (\\u0000), which no name, path or "
     "value may"},
    {"{\"process\":{\"a\":1,\"a\":2}}",
     "config.json:1: /process: the name \"a\" stands twice in one object"},
};

static void test_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct text t = {0};

		describe(&t, rows[i].doc);
		if (strcmp(t.s, rows[i].want))
			fail_msg("%s\n   got  %s\n   want %s", rows[i].doc, t.s, rows[i].want);
		text_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_documents)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
