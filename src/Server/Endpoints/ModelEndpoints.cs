using System.Text.Json;
using Microsoft.AspNetCore.Http;
using MiniGpt.Model;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>/v1/models and /v1/models/NAME: the one model that is served.</summary>
internal static class ModelEndpoints
{
    /// <summary>What every client may call the model.</summary>
    private const string AnyName = "default";

    /// <summary>The list of models.</summary>
    public static Task List(HttpContext context, ServedModel model) => Json.Write(context, json =>
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        Write(json, model);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>One model.</summary>
    public static Task Show(HttpContext context, ServedModel model, string name)
    {
        RequireName(name, model);
        return Json.Write(context, json => Write(json, model));
    }

    /// <summary>Takes the name of the model from a request; without one, the one that there is was meant.</summary>
    /// <exception cref="ApiException">It is another one.</exception>
    public static void CheckName(RequestFields fields, ServedModel model)
    {
        if (fields.Text("model") is { } name)
            RequireName(name, model);
    }

    private static void RequireName(string name, ServedModel model)
    {
        if (name != model.Id && name != AnyName)
            throw new ApiException(404, $"there is no model '{Excerpt.Of(name, 60)}', '{model.Id}' or '{AnyName}' expected", "model", "model_not_found");
    }

    private static void Write(Utf8JsonWriter json, ServedModel model)
    {
        json.WriteStartObject();
        json.WriteString("id", model.Id);
        json.WriteString("object", "model");
        json.WriteNumber("created", model.Created);
        json.WriteString("owned_by", "minigpt");
        json.WriteStartObject("meta");
        json.WriteString("architecture", model.Config.Architecture);
        json.WriteString("kind", model.Config.Kind.ToString().ToLowerInvariant());
        json.WriteString("chat_template", model.Template.Name);
        json.WriteNumber("n_vocab", model.Config.VocabularySize);
        json.WriteNumber("n_ctx_train", model.Config.Context);
        json.WriteNumber("n_embd", model.Config.Width);
        json.WriteNumber("n_layer", model.Config.Layers);
        json.WriteNumber("n_head", model.Config.Recurrence is null ? model.Config.Attention.Heads : 0);
        json.WriteNumber("n_params", model.Parameters);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
