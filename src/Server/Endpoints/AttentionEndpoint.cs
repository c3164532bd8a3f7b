using Microsoft.AspNetCore.Http;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>/attention: how much one position of a text takes from each other one, in one head.</summary>
internal static class AttentionEndpoint
{
    private const long MostWeights = 1 << 25; // of all heads of all layers, which a trace keeps: 128 MB, and as much again for the scores

    /// <summary>Answers a request.</summary>
    public static async Task Answer(HttpContext context, ServedModel model, CancellationToken cancellationToken)
    {
        RequestFields fields = await Json.Read(context).ConfigureAwait(false);
        ModelEndpoints.CheckName(fields, model);
        Prompts prompts = Prompts.ReadWhole(fields.Any("content"), "content", model);
        if (prompts.Ids.Count != 1)
            throw fields.Wrong("content", "one text, or the ids of one");
        int[] ids = [.. prompts.Ids[0]];
        int longest = LongestOf(model);
        if (ids.Length > longest)
            throw new ApiException(400, $"the text has {ids.Length} tokens, at most {longest} can be looked at in this model", "content", "context_length_exceeded");
        int layer = fields.Whole("layer", 1, model.Config.Layers) ?? 1, head = fields.Whole("head", 1, model.Config.Attention.Heads) ?? 1;
        int position = fields.Whole("position", 1, ids.Length) ?? ids.Length;
        fields.RefuseRest();

        float[] weights = await model.Attention(ids, layer - 1, head - 1, position - 1, cancellationToken).ConfigureAwait(false);
        await Json.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("layer", layer);
            json.WriteNumber("head", head);
            json.WriteNumber("position", position);
            json.WriteStartArray("tokens");
            foreach (int id in ids)
                json.WriteStringValue(model.Tokenizer.TokenText(id));
            json.WriteEndArray();
            json.WriteStartArray("weights");
            foreach (float weight in weights)
                json.WriteNumberValue(weight);
            json.WriteEndArray();
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }

    /// <summary>How long a text can be: a trace has the weights of every two positions in every head.</summary>
    private static int LongestOf(ServedModel model) =>
        (int)Math.Sqrt(MostWeights / ((long)model.Config.Layers * Math.Max(1, model.Config.Attention.Heads)));
}
