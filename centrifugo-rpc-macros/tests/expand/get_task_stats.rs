#[allow(clippy::unused_async)]
/// Get task statistics for a user.
///
/// Counts what is archived, too.
#[cfg(feature = "tasks")]
pub(crate) async fn get_task_stats(
    conn: Connection,
    State(database): State<Database>,
    params: TaskStatsParams,
) -> Result<TaskStatsResult, TaskError> {
    database.stats(conn.user(), params.user_id).await
}
#[cfg(feature = "tasks")]
const _: () = {
    use ::centrifugo_rpc::__private as __rpc;
    use ::centrifugo_rpc::__private::Otherwise as _;
    const __METHOD: __rpc::Method = __rpc::Method::new(
        "tasks.get_stats",
        "Get task statistics for a user.\n\nCounts what is archived, too.",
        __rpc::MethodOptions::new()
            .idempotent()
            .timeout(::core::time::Duration::new(5u64, 0u32))
            .max_concurrency(16u32),
        || {
            let __type = __rpc::Probe::<Connection>::new();
            let __argument = __type.extractor(__type.extracts());
            __rpc::checked(&__argument).check();
            let __type = __rpc::Probe::<State<Database>>::new();
            let __argument = __type.extractor(__type.extracts());
            __rpc::checked(&__argument).check();
            let __type = __rpc::Probe::<TaskStatsParams>::new();
            let __argument = __type
                .argument(__type.extracts(), __type.decodes(), __type.described());
            __rpc::checked(&__argument).check();
            __argument.shape()
        },
        || {
            let __returned = __rpc::Probe::<Result<TaskStatsResult, TaskError>>::new()
                .returned();
            let __type = __returned.value();
            let __value = __type.output(__type.encodes(), __type.described());
            let __type = __returned.error();
            let __error = __type.failure(__type.refuses());
            __rpc::checked(&__value).check();
            __rpc::checked(&__error).check();
            __value.shape()
        },
        |__needs| {
            let __type = __rpc::Probe::<Connection>::new();
            let __argument = __type.extractor(__type.extracts());
            __argument.needs(__needs);
            let __type = __rpc::Probe::<State<Database>>::new();
            let __argument = __type.extractor(__type.extracts());
            __argument.needs(__needs);
            let __type = __rpc::Probe::<TaskStatsParams>::new();
            let __argument = __type
                .argument(__type.extracts(), __type.decodes(), __type.described());
            __argument.needs(__needs);
        },
        |__call| __rpc::boxed(async move {
            let __type = __rpc::Probe::<Connection>::new();
            let __argument = __type.extractor(__type.extracts());
            let __argument_0 = __argument.take(&__call).await?;
            let __type = __rpc::Probe::<State<Database>>::new();
            let __argument = __type.extractor(__type.extracts());
            let __argument_1 = __argument.take(&__call).await?;
            let __type = __rpc::Probe::<TaskStatsParams>::new();
            let __argument = __type
                .argument(__type.extracts(), __type.decodes(), __type.described());
            let __argument_2 = __argument.take(&__call).await?;
            ::core::mem::drop(__call);
            let __output = get_task_stats(__argument_0, __argument_1, __argument_2)
                .await;
            let __returned = __rpc::Probe::<Result<TaskStatsResult, TaskError>>::new()
                .returned();
            let __type = __returned.value();
            let __value = __type.output(__type.encodes(), __type.described());
            let __type = __returned.error();
            let __error = __type.failure(__type.refuses());
            __value.encode(__error.convert(__returned.result(__output)))
        }),
        __rpc::Location::new(::core::file!(), ::core::line!()),
    );
    __rpc::inventory::submit! {
        __METHOD
    }
};
