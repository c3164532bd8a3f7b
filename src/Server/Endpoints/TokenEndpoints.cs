using System.Text.Json;
using Microsoft.AspNetCore.Http;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>/tokenize and /detokenize, as llama.cpp's server has them.</summary>
internal static class TokenEndpoints
{
    /// <summary>The ids of a text.</summary>
    public static async Task Tokenize(HttpContext context, ServedModel model)
    {
        RequestFields fields = await Json.Read(context).ConfigureAwait(false);
        string content = fields.Text("content") ?? throw fields.Wrong("content", "a text");
        bool addsEnds = fields.Flag("add_special") ?? false, tellsPieces = fields.Flag("with_pieces") ?? false;
        fields.Refuse("parse_special", "true"); // the texts of special tokens always give their ids here
        fields.RefuseRest();
        int[] ids = model.Tokenizer.Encode(content);
        if (addsEnds)
            ids = [.. model.Tokenizer.Ends.Before, .. ids, .. model.Tokenizer.Ends.Behind];
        await Json.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("tokens");
            foreach (int id in ids)
            {
                if (!tellsPieces)
                {
                    json.WriteNumberValue(id);
                    continue;
                }

                json.WriteStartObject();
                json.WriteNumber("id", id);
                json.WriteString("piece", model.Tokenizer.TokenText(id));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }

    /// <summary>The text of ids.</summary>
    public static async Task Detokenize(HttpContext context, ServedModel model)
    {
        RequestFields fields = await Json.Read(context).ConfigureAwait(false);
        int size = model.Tokenizer.VocabularySize;
        if (fields.Any("tokens") is not { ValueKind: JsonValueKind.Array } list)
            throw Wrong();
        fields.RefuseRest();
        int[] ids = [.. list.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id) && id >= 0 && id < size ? id : throw Wrong())];
        await Json.Write(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("content", model.Tokenizer.Decode(ids));
            json.WriteEndObject();
        }).ConfigureAwait(false);

        ApiException Wrong() => ApiException.Wrong("tokens", $"a list of token ids from 0 to {size - 1}");
    }
}
