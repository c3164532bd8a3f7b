using System.Buffers.Binary;
using Microsoft.AspNetCore.Http;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>/v1/embeddings: vectors of length 1 for texts.</summary>
internal static class EmbeddingEndpoint
{
    /// <summary>Answers a request.</summary>
    public static async Task Answer(HttpContext context, ServedModel model, CancellationToken cancellationToken)
    {
        RequestFields fields = await Json.Read(context).ConfigureAwait(false);
        ModelEndpoints.CheckName(fields, model);
        Prompts prompts = Prompts.ReadWhole(fields.Any("input"), "input", model);
        bool isBase64 = fields.Text("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            _ => throw fields.Wrong("encoding_format", "float or base64"),
        };
        if (fields.Whole("dimensions", 1, int.MaxValue) is int width && width != model.Config.Width)
            throw ApiException.Unsupported("dimensions", $"vectors of this model have {model.Config.Width} numbers, no other 'dimensions' are offered");
        fields.Ignore("user");
        fields.RefuseRest();

        float[][] vectors = await model.Embed(prompts.Ids, cancellationToken).ConfigureAwait(false);
        int tokens = prompts.Ids.Sum(ids => ids.Length);
        await Json.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteString("model", model.Id);
            json.WriteStartArray("data");
            for (int i = 0; i < vectors.Length; i++)
            {
                json.WriteStartObject();
                json.WriteString("object", "embedding");
                json.WriteNumber("index", i);
                if (isBase64)
                    json.WriteBase64String("embedding", BytesOf(vectors[i]));
                else
                {
                    json.WriteStartArray("embedding");
                    foreach (float number in vectors[i])
                        json.WriteNumberValue(number);
                    json.WriteEndArray();
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("usage");
            json.WriteNumber("prompt_tokens", tokens);
            json.WriteNumber("total_tokens", tokens);
            json.WriteEndObject();
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static byte[] BytesOf(float[] vector)
    {
        byte[] bytes = new byte[sizeof(float) * vector.Length];
        for (int i = 0; i < vector.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(sizeof(float) * i), vector[i]);
        return bytes;
    }
}
