package mustache_test

import (
	"fmt"
	"log"
	"os"

	"github.com/turbogo/turbo/web/mustache"
)

func ExampleRender() {
	page, err := mustache.Render("<h1>{{title}}</h1>{{#items}}<li>{{.}}</li>{{/items}}{{>footer}}",
		map[string]any{"title": "Tom & Jerry", "items": []string{"cat", "mouse"}},
		map[string]string{"footer": "<hr>{{title}}"})
	fmt.Println(page, err)
	// Output: <h1>Tom &amp; Jerry</h1><li>cat</li><li>mouse</li><hr>Tom &amp; Jerry <nil>
}

// A helper loads the templates of a folder.
func ExampleHelper() {
	templates := mustache.NewHelper(os.DirFS("templates"), &mustache.HelperOptions{Debug: true})
	page, err := templates.Render("hello", map[string]string{"name": "you"})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(page)
}
