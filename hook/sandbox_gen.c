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

/* One program as "static const struct sock_filter NAME[]". */
static int print(const char *name, enum sandbox kind)
{
	struct sock_filter f;
	struct error e;
	FILE *file;

	file = tmpfile();
	if (!file || sandbox_program(kind, fileno(file), &e) < 0) {
		fprintf(stderr, "sandbox_gen: %s\n", file ? e.text : "no temporary file");
		return -1;
	}
	rewind(file);
	printf("static const struct sock_filter %s[] = {\n", name);
	while (fread(&f, sizeof(f), 1, file) == 1)
		printf("\t{0x%02x, %u, %u, 0x%08xU},\n", f.code, f.jt, f.jf, f.k);
	printf("};\n");
	fclose(file);
	return 0;
}

int main(void)
{
	printf("/* Made by hook/sandbox_gen.c from hook/sandbox_rules.c with libseccomp. */\n");
	if (print("sandbox_look", SANDBOX_LOOK) < 0 || print("sandbox_work", SANDBOX_WORK) < 0)
		return EXIT_FAILURE;
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
