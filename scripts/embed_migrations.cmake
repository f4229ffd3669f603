# Writes OUT: every file of FILES as a C array of bytes, in order of number.
set(rows "")
set(arrays "")
list(SORT FILES)
set(index 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const char text_${index}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", text_${index}, sizeof(text_${index}) - 1},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUT} "/* Made by scripts/embed_migrations.cmake from migrations/sqlite. */
#include <stddef.h>
struct migration {
    const char *name; /* 0001_core */
    const char *sql;
    size_t length;
};
extern const struct migration sqlite_migrations[];
extern const size_t sqlite_migration_count;
${arrays}
const struct migration sqlite_migrations[] = {
${rows}};
const size_t sqlite_migration_count = ${index};
")
