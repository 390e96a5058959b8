/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_gen - writes the seccomp programs as a C header, when vmcg is built
 *
 * A program of its own: sandbox_gen >sandbox_filters.h
 */
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>

#include "hook/sandbox_rules.h"

static const struct {
	const char *name;
	enum sandbox kind;
	bool seal, bus;
} programs[] = {
    {"sandbox_look", .kind = SANDBOX_LOOK},
    {"sandbox_work", .kind = SANDBOX_WORK},
    {"sandbox_look_systemd", .kind = SANDBOX_LOOK_SYSTEMD},
    {"sandbox_work_systemd", .kind = SANDBOX_WORK_SYSTEMD},
    {"sandbox_seal_alone", .seal = true, .bus = false},
    {"sandbox_seal_bus", .seal = true, .bus = true},
};

static int make(size_t i, int fd, struct error *e)
{
	return programs[i].seal ? sandbox_program_seal(programs[i].bus, fd, e)
				: sandbox_program(programs[i].kind, fd, e);
}

/* One program as "static const struct sock_filter NAME[]". */
static int print(size_t i)
{
	struct sock_filter f;
	struct error e;
	FILE *file;

	file = tmpfile();
	if (!file || make(i, fileno(file), &e) < 0) {
		fprintf(stderr, "sandbox_gen: %s\n", file ? e.text : "no temporary file");
		return -1;
	}
	rewind(file);
	printf("static const struct sock_filter %s[] = {\n", programs[i].name);
	while (fread(&f, sizeof(f), 1, file) == 1)
		printf("\t{0x%02x, %u, %u, 0x%08xU},\n", f.code, f.jt, f.jf, f.k);
	printf("};\n");
	fclose(file);
	return 0;
}

int main(void)
{
	printf("/* Made by hook/sandbox_gen.c from hook/sandbox_rules.c with libseccomp. */\n");
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (print(i) < 0)
			return EXIT_FAILURE;
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
