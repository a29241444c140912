# The checked-in files are what protogen makes today.
function(compare made kept)
    execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${made} ${kept} RESULT_VARIABLE differs)
    if(differs)
        execute_process(COMMAND diff -u ${kept} ${made})
        message(FATAL_ERROR "${kept} is stale: build the target `generate` and commit it")
    endif()
endfunction()

execute_process(COMMAND ${PROTOGEN} ts ${ROOM}/frames.gen.ts COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${PROTOGEN} md ${ROOT}/proto/protocol.head.md ${ROOM}/PROTOCOL.md COMMAND_ERROR_IS_FATAL ANY)
compare(${ROOM}/frames.gen.ts ${ROOT}/web/client/frames.gen.ts)
compare(${ROOM}/PROTOCOL.md ${ROOT}/proto/PROTOCOL.md)
