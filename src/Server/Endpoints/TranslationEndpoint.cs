using Microsoft.AspNetCore.Http;
using MiniGpt.Model.Generation;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>/v1/translate: sentences in another language, by a model that translates.</summary>
internal static class TranslationEndpoint
{
    private const int MostSentences = 128;
    private const int MostBeams = 16;

    /// <summary>Answers a request.</summary>
    public static async Task Answer(HttpContext context, ServedModel model, CancellationToken cancellationToken)
    {
        RequestFields fields = await Json.Read(context).ConfigureAwait(false);
        ModelEndpoints.CheckName(fields, model);
        if (fields.Texts("text", MostSentences) is not { Length: > 0 } sentences)
            throw fields.Wrong("text", $"a text, or a list of 1 to {MostSentences}");
        SearchOptions options = new()
        {
            Beams = fields.Whole("beams", 1, MostBeams) ?? 1,
            LengthPenalty = fields.Number("length_penalty", 0, 10) ?? 1,
            MostTokens = fields.Whole("max_tokens", 1, int.MaxValue) ?? int.MaxValue,
        };
        string? language = fields.Text("to");
        fields.RefuseRest();
        IReadOnlyList<Translation>[] translations = await model.Translate(sentences, language, options, cancellationToken).ConfigureAwait(false);
        await Json.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("model", model.Id);
            json.WriteStartArray("translations");
            foreach (IReadOnlyList<Translation> found in translations)
            {
                json.WriteStartObject();
                json.WriteString("text", found[0].Text);
                json.WriteNumber("score", found[0].Score);
                json.WriteBoolean("is_complete", found[0].IsComplete);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }
}
