using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using MiniGpt.Model.Generation;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>/health and /metrics: how the service is doing.</summary>
internal sealed class StatusEndpoints
{
    private readonly ConcurrentDictionary<(string Path, int Status), long> _answers = new();
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Counts an answer.</summary>
    /// <param name="path">The endpoint's path, one of those that there are.</param>
    /// <param name="status">The status.</param>
    public void Count(string path, int status) => _answers.AddOrUpdate((path, status), 1, (_, count) => count + 1);

    /// <summary>Says that all is well.</summary>
    /// <exception cref="ApiException">It is not.</exception>
    public static Task Health(HttpContext context, ServedModel model)
    {
        if (model.Generation?.HasFailed == true)
            throw new ApiException(500, "an error of the service itself has ended its work", code: "internal_error");
        return Json.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("status", "ok");
            json.WriteEndObject();
        });
    }

    /// <summary>Numbers in the text format of Prometheus.</summary>
    public async Task Metrics(HttpContext context, ServedModel model)
    {
        StringBuilder text = new();
        Head(text, "minigpt_http_requests_total", "counter", "Requests that were answered.");
        foreach (((string path, int status), long count) in _answers.OrderBy(pair => pair.Key))
            text.Append(CultureInfo.InvariantCulture, $"minigpt_http_requests_total{{path=\"{path}\",status=\"{status}\"}} {count}\n");
        Add("minigpt_uptime_seconds", "gauge", "Seconds since the service began.", Stopwatch.GetElapsedTime(_start).TotalSeconds);
        if (model.Generation?.Counts is { } counts)
            AddGeneration(counts);
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await context.Response.WriteAsync(text.ToString(), context.RequestAborted).ConfigureAwait(false);

        void Add(string name, string kind, string help, double value)
        {
            Head(text, name, kind, help);
            text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
        }

        void AddGeneration(GenerationCounts counts)
        {
            Add("minigpt_texts_running", "gauge", "Texts that are written now.", counts.Running);
            Add("minigpt_texts_queued", "gauge", "Texts that wait for a place.", counts.Queued);
            Add("minigpt_texts_accepted_total", "counter", "Texts that were taken on.", counts.Accepted);
            Add("minigpt_texts_refused_total", "counter", "Texts that were not, since too many waited.", counts.Refused);
            Add("minigpt_tokens_read_total", "counter", "Tokens that went through the model.", counts.TokensRead);
            Add("minigpt_prompt_tokens_shared_total", "counter", "Tokens of prompts that did not have to, since an earlier text began with them.", counts.TokensShared);
            Add("minigpt_tokens_generated_total", "counter", "Tokens that were made.", counts.TokensMade);
            Add("minigpt_busy_seconds_total", "counter", "Seconds in which the model worked.", counts.BusySeconds);
            Add("minigpt_cache_bytes", "gauge", "Memory for keys and values at most.", counts.Blocks * counts.BlockBytes);
            Add("minigpt_cache_used_ratio", "gauge", "The share of it that something is kept in.", counts.Blocks == 0 ? 0 : 1 - (double)counts.FreeBlocks / counts.Blocks);
        }
    }

    private static void Head(StringBuilder text, string name, string kind, string help) => text.Append($"# HELP {name} {help}\n# TYPE {name} {kind}\n");
}
